"""Attention with dropout on a CPU, where PyTorch's fused kernel supports no dropout and its other kernel uses float32.

The attention weights are stored once, in the precision of the run; a negative sign marks a dropped weight.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from charbert.model.kernels.random_masks import draw_signs, drops_cheaply, keep_scale

SIGNED_ATTENTION = "signed_sdpa"
"""Name of this attention in transformers' registry."""

_SIGN_BIT = -(2**15)
_CACHED_VALUES = 2**19
"""Attention weights processed at a time: a megabyte in bfloat16."""


class _DroppedAttention(torch.autograd.Function):
    """softmax(Q K^T) with dropout, times V, for (N, T, D) each and a bias, (N, 1 or T, T).

    A few sequences at a time, so that intermediate results stay in the processor's cache.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, probability: float) -> Tensor:
        signed = query.new_empty(*query.shape[:2], key.shape[1])  # (N, T, T): the weights, negative if dropped
        context = torch.empty_like(query)
        for part in _parts(signed):
            scores = torch.bmm(query[part], key[part].transpose(1, 2), out=signed[part])
            if bias is not None:
                scores.add_(bias[part])
            torch.softmax(scores, dim=-1, out=scores)
            kept = F.relu(_flip_dropped(scores, probability)) if probability else scores
            torch.bmm(kept, value[part], out=context[part])
        ctx.scale = keep_scale(probability)
        ctx.save_for_backward(query, key, value, signed)
        return context.mul_(ctx.scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value, signed = ctx.saved_tensors
        gradient = gradients[0] * ctx.scale
        of_query, of_key, of_value = (torch.empty_like(tensor) for tensor in (query, key, value))
        for part in _parts(signed):
            weights = signed[part]
            torch.bmm(F.relu(weights).transpose(1, 2), gradient[part], out=of_value[part])
            of_weights = torch.bmm(gradient[part], value[part].transpose(1, 2))
            of_weights = torch.ops.aten.threshold_backward(of_weights, weights, 0.0)
            of_scores = torch.ops.aten._softmax_backward_data(of_weights, weights.abs(), -1, weights.dtype)
            torch.bmm(of_scores, key[part], out=of_query[part])
            torch.bmm(of_scores.transpose(1, 2), query[part], out=of_key[part])
        return of_query, of_key, of_value, None, None


def _parts(weights: Tensor) -> list[slice]:
    """Return slices of (N, T, T) weights that are processed at a time."""
    count = max(1, _CACHED_VALUES // weights[0].numel())
    return [slice(first, first + count) for first in range(0, len(weights), count)]


def _flip_dropped(weights: Tensor, probability: float) -> Tensor:
    """Make the dropped ones of some non-negative weights negative, in place."""
    signs = draw_signs(weights.shape, probability).bitwise_and_(_SIGN_BIT)
    if weights.element_size() == 2:
        weights.view(torch.int16).bitwise_or_(signs)
    else:
        weights.view(torch.int32).bitwise_or_(signs.to(torch.int32).bitwise_left_shift_(16))
    return weights


def signed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Return what transformers' "sdpa" attention returns, (B, T, heads, D), and no weights.

    Args:
        query: (B, heads, T, D), as key and value.
        key: see ``query``.
        value: see ``query``.
        attention_mask: True where a subword is read, broadcasts to (B, heads, T, T); None: everywhere.
        dropout: on the attention weights, in [0, 1).
        scaling: factor of the scores; None: 1 / sqrt(D).
        **options: of "sdpa", which is called where this kernel is no faster.
    """
    # Checkpointing runs a layer without gradients first, and must draw the same dropout then.
    trains = query.requires_grad or (module.training and not torch.is_grad_enabled())
    if not (trains and key.shape == query.shape and _is_slow(query, dropout)):
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
    batch, heads, length, size = query.shape
    scaled = query * (size**-0.5 if scaling is None else scaling)
    flat = [part.reshape(batch * heads, length, size) for part in (scaled, key, value)]
    context = _DroppedAttention.apply(*flat, _flat_bias(attention_mask, query), dropout)
    return context.view(batch, heads, length, size).transpose(1, 2), None


def _is_slow(query: Tensor, dropout: float) -> bool:
    """Return whether "sdpa" would be slow to train: with dropout, and in bfloat16 without it too."""
    on_cpu = query.device.type == "cpu" and not torch.compiler.is_compiling()
    return drops_cheaply(query, dropout) or (dropout == 0 and on_cpu and query.dtype is torch.bfloat16)


def _flat_bias(mask: Tensor | None, query: Tensor) -> Tensor | None:
    """Return what is added to the scores, (N, 1 or T, T): 0 where the mask is True, the lowest number elsewhere."""
    if mask is None:
        return None
    batch, heads, length, _ = query.shape
    rows = 1 if mask.shape[2] == 1 or mask.stride(2) == 0 else length  # padding is the same for every subword
    bias = torch.zeros(batch, mask.shape[1], rows, length, dtype=query.dtype)
    bias.masked_fill_(~mask[:, :, :rows], torch.finfo(query.dtype).min)
    return bias.expand(batch, heads, rows, length).reshape(batch * heads, rows, length)


def use_signed_attention(config: PreTrainedConfig) -> None:
    """Replace a trunk's "sdpa" attention by this one, which differs from it only in training on a CPU."""
    if config._attn_implementation == "sdpa":
        config._attn_implementation = SIGNED_ATTENTION


def chosen_attention(config: PreTrainedConfig) -> str | None:
    """Return the attention that the configuration chose: "sdpa" where this module's replaced it."""
    chosen: str | None = config._attn_implementation
    return "sdpa" if chosen == SIGNED_ATTENTION else chosen


AttentionInterface.register(SIGNED_ATTENTION, signed_attention)
AttentionMaskInterface.register(SIGNED_ATTENTION, sdpa_mask)
