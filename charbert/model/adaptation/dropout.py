"""A new dropout rate for an existing model."""

import copy

import torch
from torch import nn

from charbert.model.adaptation.parts import find_encoder
from charbert.model.charbert import CharBertModel
from charbert.model.trunk import trunk_adapter


def set_dropout(
    model: nn.Module,
    *,
    trunk: float | None = None,
    attention: float | None = None,
    char_channel: float | None = None,
    head: float | None = None,
) -> None:
    """Set the dropout of the parts for which a rate is given, in the model and its configuration.

    Args:
        trunk: on the trunk's hidden states and embeddings; the head is unchanged.
        attention: on the trunk's attention weights.
        char_channel: on the char encoder's states.
        head: before the classifier.
    """
    encoder = find_encoder(model)
    config, adapter = encoder.config, trunk_adapter(encoder.config.trunk_config)
    if config.classifier_dropout is None:
        config.classifier_dropout = adapter.dropout(config.trunk_config)
    if head is not None:
        config.classifier_dropout = head
        _set_outside(model, encoder, head)
    if char_channel is not None:
        config.char_dropout = char_channel
    for value, names in ((trunk, adapter.dropout_fields["trunk"]), (attention, adapter.dropout_fields["attention"])):
        for name in names if value is not None else ():
            setattr(config.trunk_config, name, value)
    with torch.device("meta"):
        like = CharBertModel(copy.deepcopy(config))
    _take_dropout(encoder, like)


def _set_outside(model: nn.Module, encoder: nn.Module, value: float) -> None:
    inside = {id(module) for module in encoder.modules()}
    for module in model.modules():
        if isinstance(module, nn.Dropout) and id(module) not in inside:
            module.p = value


def _take_dropout(model: nn.Module, like: nn.Module) -> None:
    """Copy the dropout of another model of the same architecture."""
    for name, module in like.named_modules():
        own = model.get_submodule(name)
        if isinstance(module, nn.Dropout) or isinstance(own, nn.Dropout):
            model.set_submodule(name, module.train(own.training))
        elif hasattr(module, "attention_dropout"):  # a number, in ModernBERT
            own.attention_dropout = module.attention_dropout
