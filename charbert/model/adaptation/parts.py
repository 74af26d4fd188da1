"""The parts of a model that weights belong to: embeddings, layers, char channel, head."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from torch import nn

from charbert.errors import SettingsError
from charbert.model.charbert import CharBertModel
from charbert.model.trunk import trunk_adapter


class PartKind(Enum):
    """Kinds of parts, from the input up."""

    embeddings = "embeddings"
    layer = "layer"
    char_encoder = "char encoder"
    interaction = "interaction"
    head = "head"


TRUNK = (PartKind.embeddings, PartKind.layer)
CHAR_CHANNEL = (PartKind.char_encoder, PartKind.interaction)


@dataclass(frozen=True)
class Part:
    """A part of a model."""

    kind: PartKind
    layer: int | None = None
    """Index of a trunk layer, or of the layer that an interaction follows; None for an interaction that all layers
    share, and for the other kinds."""

    def __str__(self) -> str:
        return self.kind.value if self.layer is None else f"{self.kind.value} {self.layer}"


def find_encoder(model: nn.Module) -> CharBertModel:
    """Return the encoder of a model with any head or adapters.

    Raises:
        SettingsError: if there is none.
    """
    for module in model.modules():
        if isinstance(module, CharBertModel):
            return module
    raise SettingsError(f"expected a model with a CharBERT encoder or a plain trunk, got {type(model).__name__}")


def encoder_layers(encoder: CharBertModel) -> Sequence[nn.Module]:
    """Return the trunk's layers in order; a layer whose weights are shared stands once for each use."""
    return trunk_adapter(encoder.config.trunk_config).layers(encoder.trunk)


def model_parts(model: nn.Module) -> dict[str, Part]:
    """Return the part of each weight, by its name in ``model``.

    A norm after the trunk's last layer belongs to that layer, and so does a layer that all share. Everything outside
    the encoder is the head.
    """
    parts = _encoder_parts(find_encoder(model))
    return {name: parts.get(id(weight), Part(PartKind.head)) for name, weight in model.named_parameters()}


def _encoder_parts(encoder: CharBertModel) -> dict[int, Part]:
    """Return the part of each weight of the encoder, by identity."""
    layers, adapter = encoder_layers(encoder), trunk_adapter(encoder.config.trunk_config)
    parts = {}
    for name, weight in encoder.trunk.named_parameters():
        is_embedding, is_first = map(name.startswith, (adapter.embedding_names, adapter.first_layer_names))
        among_layers = Part(PartKind.layer, 0 if is_first else len(layers) - 1)
        parts[id(weight)] = Part(PartKind.embeddings) if is_embedding else among_layers
    for index, layer in enumerate(layers):
        parts |= {id(weight): Part(PartKind.layer, index) for weight in layer.parameters()}
    shared = encoder.config.share_interaction
    for index, interaction in enumerate(encoder.interactions):
        part = Part(PartKind.interaction, None if shared else index)
        parts |= {id(weight): part for weight in interaction.parameters()}
    if encoder.shape_embedding is not None:
        parts[id(encoder.shape_embedding.weight)] = Part(PartKind.embeddings)
    if encoder.char_encoder is not None:
        parts |= {id(weight): Part(PartKind.char_encoder) for weight in encoder.char_encoder.parameters()}
    return parts
