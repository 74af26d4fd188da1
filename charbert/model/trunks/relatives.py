"""Families whose layers are those of BERT, with other embeddings, names, positions or shared weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask, create_bidirectional_sliding_window_mask

from charbert.errors import SettingsError
from charbert.model.trunks.adapter import TrunkAdapter


class ElectraAdapter(TrunkAdapter):
    """Access to ELECTRA, whose embeddings may be narrower than its layers and are projected."""

    model_types = ("electra",)
    has_pooler = False
    embedding_names = ("embeddings.", "embeddings_project.")

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor | None = None, **inputs: Any) -> Tensor:
        """Map subwords (B, T), or their embeddings (B, T, E), to the input of the first layer, (B, T, H)."""
        states = super().embed(trunk, input_ids, **inputs)
        return trunk.embeddings_project(states) if hasattr(trunk, "embeddings_project") else states


class DistilBertAdapter(TrunkAdapter):
    """Access to DistilBERT, which has no token types."""

    model_types = ("distilbert",)
    has_pooler = False
    has_token_types = False
    layers_name = "transformer.layer"
    attention_name = "attention"
    dropout_name = "dropout"
    attention_maps: Mapping[str, str] = {
        "query": "attention.q_lin",
        "key": "attention.k_lin",
        "value": "attention.v_lin",
        "output": "attention.out_lin",
    }
    dropout_fields: Mapping[str, tuple[str, ...]] = {"trunk": ("dropout",), "attention": ("attention_dropout",)}

    def norm_eps(self, config: PreTrainedConfig) -> float:
        """Return the epsilon of the trunk's layer norms, which is fixed in DistilBERT."""
        return 1e-12


class AlbertAdapter(TrunkAdapter):
    """Access to ALBERT: narrow embeddings that are projected, and layers that share their weights."""

    model_types = ("albert",)
    attention_name = "attention"
    dropout_name = "classifier_dropout_prob"  # the hidden states of its second version have none
    embedding_names = ("embeddings.", "encoder.embedding_hidden_mapping_in.")
    attention_maps: Mapping[str, str] = {
        "query": "attention.query",
        "key": "attention.key",
        "value": "attention.value",
        "output": "attention.dense",
    }

    def check(self, config: PreTrainedConfig) -> None:
        """Raise a SettingsError if a shared group has several layers, which no published ALBERT has."""
        if config.inner_group_num != 1:
            raise SettingsError(f"trunk_config.inner_group_num must be 1, got {config.inner_group_num}")

    def embed(self, trunk: PreTrainedModel, input_ids: Tensor | None = None, **inputs: Any) -> Tensor:
        """Map subwords (B, T), or their embeddings (B, T, E), to the input of the first layer, (B, T, H)."""
        return trunk.encoder.embedding_hidden_mapping_in(super().embed(trunk, input_ids, **inputs))

    def layers(self, trunk: PreTrainedModel) -> Sequence[nn.Module]:
        """Return the layer of each step: ``num_hidden_layers`` of them, from ``num_hidden_groups`` shared ones."""
        steps, groups = trunk.config.num_hidden_layers, trunk.encoder.albert_layer_groups
        return [groups[int(step / (steps / len(groups)))].albert_layers[0] for step in range(steps)]


class ModernBertAdapter(TrunkAdapter):
    """Access to ModernBERT: rotary positions, local and global attention, and a norm after the last layer.

    Its layers add to a residual stream that is normalized only inside them; the interaction's norms (Eq. 6) normalize
    the stream itself, as the paper writes it for a BERT trunk.
    """

    model_types = ("modernbert",)
    has_pooler = False
    has_token_types = False
    layers_name = "layers"
    attention_name = "attn"
    norm_eps_name = "norm_eps"
    dropout_name = "classifier_dropout"  # its hidden states have none
    attention_maps: Mapping[str, str] = dict.fromkeys(("query", "key", "value"), "attn.Wqkv") | {"output": "attn.Wo"}
    dropout_fields: Mapping[str, tuple[str, ...]] = {
        "trunk": ("embedding_dropout", "mlp_dropout"),
        "attention": ("attention_dropout",),
    }

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None, *, output_attentions: bool = False
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
