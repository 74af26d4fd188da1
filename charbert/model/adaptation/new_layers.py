"""New initial weights for the top layers."""

from torch import nn
from transformers import PreTrainedModel

from charbert.errors import SettingsError
from charbert.model.adaptation.parts import encoder_layers, find_encoder


def reinitialize_layers(model: nn.Module, count: int) -> None:
    """Draw new weights for the trunk's top layers from torch's global generator, by the trunk's own rule.

    An interaction that belongs to one of these layers gets new weights too; one that all layers share is unchanged.

    Args:
        count: number of layers, from the top.

    Raises:
        SettingsError: if a layer below shares the weights of one of them, as in ALBERT.
    """
    encoder = find_encoder(model)
    layers = encoder_layers(encoder)
    if set(layers[: len(layers) - count]) & set(layers[len(layers) - count :]):
        raise SettingsError(
            f"strategy.reinit_layers={count}: the layers of this trunk share their weights, "
            "so new weights for some would replace those of all; set it to 0"
        )
    for index in range(len(layers) - count, len(layers)):
        _draw(layers[index], encoder.trunk)
        if encoder.interactions and not encoder.config.share_interaction:
            _draw(encoder.interactions[index], encoder)


def _draw(module: nn.Module, owner: PreTrainedModel) -> None:
    """Initialize a module and all its submodules as its owner does."""
    for tensor in (*module.parameters(), *module.buffers()):
        if hasattr(tensor, "_is_hf_initialized"):
            del tensor._is_hf_initialized  # set when weights are loaded; it prevents initialization
    module.apply(owner._init_weights)
