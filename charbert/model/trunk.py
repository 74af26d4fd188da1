"""Any Hugging Face encoder as trunk: one small adapter per family gives access to its layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask, create_bidirectional_sliding_window_mask

from charbert.errors import SettingsError
from charbert.model.loading.configurations import read_config
from charbert.model.loading.weights import check_memory, load_whole

TrunkSource: TypeAlias = str | Path | PreTrainedConfig | PreTrainedModel
"""A trunk to start from: a hub name, a folder, a configuration (new weights), or a loaded model."""


class TrunkAdapter:
    """Access to BERT, RoBERTa and their relatives; the other adapters override where their family differs."""

    model_types: tuple[str, ...] = ("bert", "roberta", "xlm-roberta", "camembert")
    has_pooler = True
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

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Map subwords (B, T) to the input of the first layer, (B, T, H)."""
        return trunk.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)

    def layers(self, trunk: PreTrainedModel) -> nn.ModuleList:
        """Return the Transformer layers in order."""
        return trunk.encoder.layer

    def attention(self, layer: Any) -> nn.Module:
        """Return the module of a layer whose second output is the attention weights."""
        return layer.attention.self

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None
    ) -> list[dict[str, Any]]:
        """Return the inputs of each layer other than its states.

        Args:
            trunk: the encoder.
            states: input of the first layer, (B, T, H).
            attention_mask: 1 on subwords and 0 on padding, (B, T).
        """
        mask = create_bidirectional_mask(config=trunk.config, inputs_embeds=states, attention_mask=attention_mask)
        return [{"attention_mask": mask}] * len(self.layers(trunk))

    def finish(self, trunk: PreTrainedModel, states: Tensor) -> Tensor:
        """Map the last layer's output to the trunk's last hidden state."""
        return states

    def norm_eps(self, config: PreTrainedConfig) -> float:
        """Return the epsilon of the trunk's layer norms, which the interaction's norms share."""
        return float(config.layer_norm_eps)

    def dropout(self, config: PreTrainedConfig) -> float:
        """Return the dropout on the trunk's hidden states, which the classifiers share."""
        return float(config.hidden_dropout_prob)


class ElectraAdapter(TrunkAdapter):
    """Access to ELECTRA, whose embeddings may be narrower than its layers and are projected."""

    model_types = ("electra",)
    has_pooler = False

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Map subwords (B, T) to the input of the first layer, (B, T, H)."""
        states = super().embed(trunk, input_ids, token_type_ids)
        return trunk.embeddings_project(states) if hasattr(trunk, "embeddings_project") else states


class DistilBertAdapter(TrunkAdapter):
    """Access to DistilBERT, which has no token types."""

    model_types = ("distilbert",)
    has_pooler = False
    attention_maps: Mapping[str, str] = {
        "query": "attention.q_lin",
        "key": "attention.k_lin",
        "value": "attention.v_lin",
        "output": "attention.out_lin",
    }
    dropout_fields: Mapping[str, tuple[str, ...]] = {"trunk": ("dropout",), "attention": ("attention_dropout",)}

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Map subwords (B, T) to the input of the first layer, (B, T, H); token types are not read."""
        return trunk.embeddings(input_ids)

    def layers(self, trunk: PreTrainedModel) -> nn.ModuleList:
        """Return the Transformer layers in order."""
        return trunk.transformer.layer

    def attention(self, layer: Any) -> nn.Module:
        """Return the module of a layer whose second output is the attention weights."""
        return layer.attention

    def norm_eps(self, config: PreTrainedConfig) -> float:
        """Return the epsilon of the trunk's layer norms, which is fixed in DistilBERT."""
        return 1e-12

    def dropout(self, config: PreTrainedConfig) -> float:
        """Return the dropout on the trunk's hidden states."""
        return float(config.dropout)


class ModernBertAdapter(TrunkAdapter):
    """Access to ModernBERT: rotary positions, local and global attention, and a norm after the last layer.

    Its layers add to a residual stream that is normalized only inside them; the interaction's norms (Eq. 6) normalize
    the stream itself, as the paper writes it for a BERT trunk.
    """

    model_types = ("modernbert",)
    has_pooler = False
    attention_maps: Mapping[str, str] = dict.fromkeys(("query", "key", "value"), "attn.Wqkv") | {"output": "attn.Wo"}
    dropout_fields: Mapping[str, tuple[str, ...]] = {
        "trunk": ("embedding_dropout", "mlp_dropout"),
        "attention": ("attention_dropout",),
    }

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Map subwords (B, T) to the input of the first layer, (B, T, H); token types are not read."""
        return trunk.embeddings(input_ids=input_ids)

    def layers(self, trunk: PreTrainedModel) -> nn.ModuleList:
        """Return the Transformer layers in order."""
        return trunk.layers

    def attention(self, layer: Any) -> nn.Module:
        """Return the module of a layer whose second output is the attention weights."""
        return layer.attn

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None
    ) -> list[dict[str, Any]]:
        """Return the mask and the rotary embeddings of each layer, by its type of attention."""
        mask_inputs = {"config": trunk.config, "inputs_embeds": states, "attention_mask": attention_mask}
        masks = {
            "full_attention": create_bidirectional_mask(**mask_inputs),
            "sliding_attention": create_bidirectional_sliding_window_mask(**mask_inputs),
        }
        positions = torch.arange(states.shape[1], device=states.device)[None]
        rotary = {kind: trunk.rotary_emb(states, positions, kind) for kind in set(trunk.config.layer_types)}
        kinds = [layer.attention_type for layer in trunk.layers]
        return [{"attention_mask": masks[kind], "position_embeddings": rotary[kind]} for kind in kinds]

    def finish(self, trunk: PreTrainedModel, states: Tensor) -> Tensor:
        """Map the last layer's output to the trunk's last hidden state."""
        return trunk.final_norm(states)

    def norm_eps(self, config: PreTrainedConfig) -> float:
        """Return the epsilon of the trunk's layer norms."""
        return float(config.norm_eps)

    def dropout(self, config: PreTrainedConfig) -> float:
        """Return the dropout before a classifier, since ModernBERT has none on its hidden states."""
        return float(config.classifier_dropout)


_ADAPTERS = {
    model_type: adapter
    for adapter in (TrunkAdapter(), ElectraAdapter(), DistilBertAdapter(), ModernBertAdapter())
    for model_type in adapter.model_types
}


def trunk_adapter(config: PreTrainedConfig) -> TrunkAdapter:
    """Return the adapter of a trunk's family.

    Raises:
        SettingsError: if the family is not supported, or the trunk is a decoder.
    """
    adapter = _ADAPTERS.get(config.model_type)
    if adapter is None:
        raise SettingsError(
            f"trunk_config.model_type must be one of {', '.join(sorted(_ADAPTERS))}; got {config.model_type!r}"
        )
    if getattr(config, "is_decoder", False):
        raise SettingsError("trunk_config.is_decoder must be False: both channels read left and right context")
    return adapter


_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families whose first position has the index after that of padding, so that as many positions stay unused."""
_UNBOUNDED = ("modernbert",)
"""Families with rotary positions, which are computed for any length."""


def usable_positions(config: PreTrainedConfig) -> int | None:
    """Return the most subwords that a trunk reads, special ones included; None: any number.

    Args:
        config: of the trunk, or of a model that holds it as ``trunk_config``.
    """
    config = getattr(config, "trunk_config", config)
    absolute = getattr(config, "position_biased_input", True)  # false in DeBERTa-v3: relative positions alone
    positions = getattr(config, "max_position_embeddings", None)
    if positions is None or not absolute or config.model_type in _UNBOUNDED:
        return None
    if config.model_type in _COUNT_FROM_PADDING:
        return int(positions) - int(config.pad_token_id or 0) - 1
    return int(positions)


def check_length(name: str, length: int, config: PreTrainedConfig) -> None:
    """Check that a trunk has as many positions as its inputs have subwords.

    Args:
        name: of the setting, for the error.
        length: its value, in subwords.
        config: as of `usable_positions`.

    Raises:
        SettingsError: if the trunk has fewer.
    """
    positions = usable_positions(config)
    if positions is not None and length > positions:
        raise SettingsError(f"{name} must be at most {positions} subwords, what the trunk reads at once, got {length}")


def build_trunk(config: PreTrainedConfig, *, pooler: bool) -> PreTrainedModel:
    """Return a new encoder, with a pooler if ``pooler`` is set and the family has one."""
    options = {"add_pooling_layer": pooler} if trunk_adapter(config).has_pooler else {}
    return AutoModel.from_config(config, **options)


def load_trunk(trunk: TrunkSource, *, with_head: bool) -> PreTrainedModel | PreTrainedConfig:
    """Return the model that a trunk source names, in float32, or its configuration where it has no weights.

    Args:
        trunk: the source.
        with_head: whether the MLM head is read too, if the checkpoint has one.

    Raises:
        SettingsError: if the trunk's family is not known.
        CheckpointError: if weights other than those of the pooler and the MLM head are missing, or cannot be used.
    """
    if isinstance(trunk, (PreTrainedConfig, PreTrainedModel)):
        trunk_adapter(trunk if isinstance(trunk, PreTrainedConfig) else trunk.config)
        return trunk
    config = read_config(trunk)
    trunk_adapter(config)
    check_memory(lambda: AutoModel.from_config(config), trunk)
    auto = AutoModelForMaskedLM if with_head else AutoModel
    load = partial(auto.from_pretrained, config=config, dtype=torch.float32, trust_remote_code=False)
    encoder = f"{AutoModel._model_mapping[type(config)].base_model_prefix}."

    def may_lack(name: str) -> bool:
        """Return whether a weight is of the pooler or the head."""
        return "pooler." in name or (with_head and not name.startswith(encoder))

    model, report = load_whole(load, trunk, may_lack=may_lack)
    return model.base_model if with_head and report["missing_keys"] else model
