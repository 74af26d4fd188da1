"""Layers that start from new weights."""

from __future__ import annotations

from torch import nn
from transformers import PreTrainedModel

from charbert.model.adaptation.parts import encoder_layers, find_encoder


def reinitialize_layers(model: nn.Module, count: int) -> None:
    """Draw the weights of the trunk's top layers anew, from torch's global generator, as the trunk's family does.

    An interaction of one layer alone starts anew with it; one that all layers share is left as it is.

    Args:
        model: a model with an encoder.
        count: number of layers, from the top.
    """
    encoder = find_encoder(model)
    layers = encoder_layers(encoder)
    for index in range(len(layers) - count, len(layers)):
        _draw(layers[index], encoder.trunk)
        if encoder.interactions and not encoder.config.share_interaction:
            _draw(encoder.interactions[index], encoder)


def _draw(module: nn.Module, owner: PreTrainedModel) -> None:
    """Initialise a module and all below it by its owner's rule."""
    for tensor in (*module.parameters(), *module.buffers()):
        if hasattr(tensor, "_is_hf_initialized"):
            del tensor._is_hf_initialized  # set when weights are loaded, it keeps them from being drawn
    module.apply(owner._init_weights)
