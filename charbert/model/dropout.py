"""Another dropout for a model that is there already."""

from __future__ import annotations

import copy

import torch
from torch import nn

from charbert.model.charbert import CharBertPreTrainedModel
from charbert.model.trunk import trunk_adapter


def set_dropout(
    model: CharBertPreTrainedModel,
    *,
    trunk: float | None = None,
    attention: float | None = None,
    char_channel: float | None = None,
    head: float | None = None,
) -> None:
    """Change the dropout of the parts for which one is given, and the configuration with it.

    Args:
        model: a CharBERT model.
        trunk: on the trunk's hidden states and embeddings; the head keeps what it has.
        attention: on the trunk's attention weights.
        char_channel: on the char encoder's states.
        head: before the classifier.
    """
    config, adapter = model.config, trunk_adapter(model.config.trunk_config)
    if config.classifier_dropout is None:
        config.classifier_dropout = adapter.dropout(config.trunk_config)
    if head is not None:
        config.classifier_dropout = head
    if char_channel is not None:
        config.char_dropout = char_channel
    for value, names in ((trunk, adapter.dropout_fields["trunk"]), (attention, adapter.dropout_fields["attention"])):
        for name in names if value is not None else ():
            setattr(config.trunk_config, name, value)
    with torch.device("meta"):
        like = type(model)(copy.deepcopy(config))
    _take_dropout(model, like)


def _take_dropout(model: nn.Module, like: nn.Module) -> None:
    """Give a model the dropout of another of its architecture."""
    for name, module in like.named_modules():
        own = model.get_submodule(name)
        if isinstance(module, nn.Dropout) or isinstance(own, nn.Dropout):
            model.set_submodule(name, module)
        elif hasattr(module, "attention_dropout"):  # a number, in ModernBERT
            own.attention_dropout = module.attention_dropout
