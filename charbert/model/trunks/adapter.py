"""The base of all adapters, which fits BERT and RoBERTa."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask

from charbert.errors import SettingsError
from charbert.model.kernels.cpu_attention import chosen_attention


class TrunkAdapter:
    """Access to BERT, RoBERTa and their relatives; the other adapters override where their family differs."""

    model_types: tuple[str, ...] = ("bert", "roberta", "xlm-roberta", "camembert")
    has_pooler = True
    has_token_types = True
    masks_embeddings = False
    """Whether its embeddings set padding to zero."""
    has_sdpa = True
    """Whether the library has an implementation of its attention by ``scaled_dot_product_attention``."""
    layers_name: str = "encoder.layer"
    """Module that lists the Transformer layers."""
    attention_name: str = "attention.self"
    """Module, below a layer, whose second output is the attention weights."""
    norm_eps_name: str = "layer_norm_eps"
    """Field of the configuration with the epsilon of layer norms."""
    dropout_name: str = "hidden_dropout_prob"
    """Field of the configuration with the dropout that classifiers share: that on hidden states, if there is one."""
    embedding_names: tuple[str, ...] = ("embeddings.",)
    """Beginnings of the names of weights that belong to the input of the first layer, or to positions."""
    first_layer_names: tuple[str, ...] = ()
    """Beginnings of the names of weights outside the layers that are read after the first one."""
    attention_maps: Mapping[str, str] = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "output": "attention.output.dense",
    }
    """Module of each linear map of the attention, by its name below the layer."""
    dropout_fields: Mapping[str, tuple[str, ...]] = {
        "trunk": ("hidden_dropout_prob",),
        "attention": ("attention_probs_dropout_prob",),
    }
    """Fields of the configuration for the dropout on hidden states and on attention weights."""

    def check(self, config: PreTrainedConfig) -> None:
        """Raise a SettingsError for a configuration of the family that is not supported."""

    def embed(
        self,
        trunk: PreTrainedModel,
        input_ids: Tensor | None = None,
        *,
        inputs_embeds: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Map subwords (B, T), or their embeddings (B, T, E), to the input of the first layer, (B, T, H)."""
        options = {"token_type_ids": token_type_ids} if self.has_token_types else {}
        if self.masks_embeddings:
            options["mask"] = attention_mask
        return trunk.embeddings(input_ids=input_ids, inputs_embeds=inputs_embeds, **options)

    def layers(self, trunk: PreTrainedModel) -> Sequence[nn.Module]:
        """Return the Transformer layers in order; a layer whose weights are shared stands once for each use."""
        return trunk.get_submodule(self.layers_name)

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None, *, output_attentions: bool = False
    ) -> list[dict[str, Any]]:
        """Return what `run_layer` gets for each layer beside its states.

        Args:
            states: input of the first layer, (B, T, H).
            attention_mask: 1 on subwords and 0 on padding, (B, T).
        """
        mask = create_bidirectional_mask(config=trunk.config, inputs_embeds=states, attention_mask=attention_mask)
        return [{"attention_mask": mask}] * len(self.layers(trunk))

    def run_layer(self, trunk: PreTrainedModel, index: int, states: Tensor, inputs: Mapping[str, Any]) -> Tensor:
        """Map the states before a layer to those after it, (B, T, H) each."""
        states = self.layers(trunk)[index](states, **inputs)
        return states

    def finish(self, trunk: PreTrainedModel, states: Tensor) -> Tensor:
        """Map the last layer's output to the trunk's last hidden state."""
        return states

    def norm_eps(self, config: PreTrainedConfig) -> float:
        """Return the epsilon of the trunk's layer norms, which the interaction's norms share."""
        return float(getattr(config, self.norm_eps_name))

    def dropout(self, config: PreTrainedConfig) -> float:
        """Return the dropout before a classifier."""
        return float(getattr(config, self.dropout_name))


@contextmanager
def recorded_attentions(trunk: PreTrainedModel, adapter: TrunkAdapter, *, wanted: bool) -> Iterator[list[Tensor]]:
    """Collect the attention weights of each step, (B, heads, T, T), while layers run; nothing unless ``wanted``.

    Raises:
        SettingsError: if the attention implementation does not compute them.
    """
    weights: list[Tensor] = []
    if not wanted:
        yield weights
        return
    chosen = chosen_attention(trunk.config)
    if chosen != "eager":
        raise SettingsError(f"output_attentions needs attn_implementation='eager', got {chosen!r}")
    record: Callable[..., None] = lambda _module, _inputs, output: weights.append(output[1])  # noqa: E731
    layers = dict.fromkeys(adapter.layers(trunk))  # a shared one once
    hooks = [layer.get_submodule(adapter.attention_name).register_forward_hook(record) for layer in layers]
    try:
        yield weights
    finally:
        for hook in hooks:
            hook.remove()
