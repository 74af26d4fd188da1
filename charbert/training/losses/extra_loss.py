"""Losses added to that of the labels, which compare a model's outputs for a batch and for a paired batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import OWN_POSITIONS, THEIR_POSITIONS

_NEVER = -1e30
"""Logit of a position that cannot be the answer; finite, so that its part of a divergence is 0 and not nan."""

Batch = Mapping[str, Any]
Losses = tuple[Tensor, dict[str, Tensor]]
"""The loss to minimize, and its parts for the log."""


class ExtraLoss(Protocol):
    """A loss that is added to that of the labels."""

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """Options of the model's forward pass that the loss needs."""

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss to minimize, and its parts for the log.

        With several processes the mean of the added term over them must be that of the whole batch; see
        `charbert.training.distributed.averaging.share_of_whole`.

        Args:
            batch: the batch, with its paired batches among its fields.
        """


def paired_inputs(paired: Batch) -> dict[str, Any]:
    """Return the model inputs of a paired batch."""
    return {name: value for name, value in paired.items() if name not in (OWN_POSITIONS, THEIR_POSITIONS)}


@torch.no_grad()
def teacher_outputs(teacher: nn.Module, paired: Batch, **options: bool) -> Batch:
    """Return a teacher's outputs for a paired batch, on the batch's device and without a gradient."""
    inputs = paired_inputs(paired)
    outputs: Batch = teacher.to(inputs["input_ids"].device)(**inputs, **options)
    return outputs


def comparable_logits(outputs: Batch, positions: Tensor) -> Tensor:
    """Return the logits of each decision, (N, K), for any head.

    A sequence is one decision. In tagging each position is one. In question answering each window has two, the start
    and the end of the answer, each a choice among the positions.

    Args:
        positions: where outputs are compared, (B, P), -1 for none.
    """
    there, places = positions >= 0, positions.clamp(min=0)
    if "start_logits" in outputs:
        both = torch.stack([outputs["start_logits"], outputs["end_logits"]], dim=1).float()  # (B, 2, T)
        chosen = both.gather(2, places[:, None].expand(-1, 2, -1)).masked_fill(~there[:, None], _NEVER)  # (B, 2, P)
        return chosen[there.any(dim=1)].flatten(0, 1)
    logits: Tensor = outputs["logits"].float()
    return at_positions(logits, positions) if logits.dim() == 3 else logits


def at_positions(values: Tensor, positions: Tensor) -> Tensor:
    """Return the rows of (B, T, F) at positions (B, P), without those of -1, as (N, F)."""
    rows = torch.arange(len(values), device=values.device)[:, None]
    chosen: Tensor = values[rows, positions.clamp(min=0)][positions >= 0]
    return chosen


def divergence(target: Tensor, logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the mean over decisions of KL(target || model), both given as logits (N, K), divided by temperature."""
    targets, predicted = (F.log_softmax(side / temperature, dim=-1) for side in (target, logits))
    return F.kl_div(predicted, targets, reduction="sum", log_target=True) / max(1, len(target))
