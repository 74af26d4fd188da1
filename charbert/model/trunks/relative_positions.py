"""Families whose attention reads relative positions, which the encoder computes once for all layers.

The library has their attention in eager form only.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from charbert.model.trunks.adapter import TrunkAdapter


class MPNetAdapter(TrunkAdapter):
    """Access to MPNet: absolute positions in its embeddings, relative ones in its attention, and no token types."""

    model_types = ("mpnet",)
    has_token_types = False
    has_sdpa = False
    attention_name = "attention.attn"
    embedding_names = ("embeddings.", "encoder.relative_attention_bias.")
    attention_maps: Mapping[str, str] = {
        "query": "attention.attn.q",
        "key": "attention.attn.k",
        "value": "attention.attn.v",
        "output": "attention.attn.o",
    }

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None, *, output_attentions: bool = False
    ) -> list[dict[str, Any]]:
        """Return the mask and the bias of relative positions, the same for all layers."""
        inputs = super().layer_inputs(trunk, states, attention_mask)[0]
        inputs |= {"position_bias": trunk.encoder.compute_position_bias(states), "output_attentions": output_attentions}
        return [inputs] * len(self.layers(trunk))

    def run_layer(self, trunk: PreTrainedModel, index: int, states: Tensor, inputs: Mapping[str, Any]) -> Tensor:
        """Map the states before a layer to those after it, (B, T, H) each."""
        states = self.layers(trunk)[index](states, **inputs)[0]
        return states


class DebertaAdapter(TrunkAdapter):
    """Access to DeBERTa-v2 and v3: disentangled attention, and in some of them a convolution after the first layer.

    Padding is zero before the convolution in both channels, as the trunk's own embeddings are, so that the last subword
    never reads it.
    """

    model_types = ("deberta-v2",)
    has_pooler = False
    masks_embeddings = True
    has_sdpa = False
    embedding_names = ("embeddings.", "encoder.rel_embeddings.", "encoder.LayerNorm.")
    first_layer_names = ("encoder.conv.",)
    attention_maps: Mapping[str, str] = {
        "query": "attention.self.query_proj",
        "key": "attention.self.key_proj",
        "value": "attention.self.value_proj",
        "output": "attention.output.dense",
    }

    def layer_inputs(
        self, trunk: PreTrainedModel, states: Tensor, attention_mask: Tensor | None, *, output_attentions: bool = False
    ) -> list[dict[str, Any]]:
        """Return the mask, (B, 1, T, T), and the relative positions, the same for all layers."""
        if attention_mask is None:
            attention_mask = torch.ones(states.shape[:2], dtype=torch.long, device=states.device)
        encoder = trunk.encoder
        inputs = {
            "attention_mask": encoder.get_attention_mask(attention_mask),
            "relative_pos": encoder.get_rel_pos(states),
            "rel_embeddings": encoder.get_rel_embedding(),
            "output_attentions": output_attentions,
        }
        return [inputs] * len(self.layers(trunk))

    def run_layer(self, trunk: PreTrainedModel, index: int, states: Tensor, inputs: Mapping[str, Any]) -> Tensor:
        """Map the states before a layer to those after it and its convolution, (B, T, H) each."""
        mask, positions, embeddings, output_attentions = inputs.values()
        # By position, since checkpointing needs it of what has a gradient.
        after = self.layers(trunk)[index](states, mask, None, positions, embeddings, output_attentions)[0]
        if index == 0 and trunk.encoder.conv is not None:
            real = mask[:, 0].diagonal(dim1=1, dim2=2)  # (B, T)
            states = states.masked_fill(real[..., None] == 0, 0.0)
            after = trunk.encoder.conv(states, after, real)
        return after
