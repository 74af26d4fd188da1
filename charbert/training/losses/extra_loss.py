"""Losses beside that of the labels: what is said of an example, compared with what is said of its companion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import OWN_POSITIONS, THEIR_POSITIONS

_NEVER = -1e30
"""Logit of a place that cannot be the answer; finite, so that its part of a divergence is 0 and not nan."""

Batch = Mapping[str, Any]
Losses = tuple[Tensor, dict[str, Tensor]]
"""What is to be minimised, and its parts for the log."""


class ExtraLoss(Protocol):
    """What fine-tuning learns beside the labels."""

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """Options of the model's forward pass."""

    def __call__(
        self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss that is to be minimised, and its parts for the log.

        What it adds in one of several processes is to have the mean over them that the whole batch would give; see
        `charbert.training.distributed.averaging.share_of_whole`.

        Args:
            model: what is trained.
            batch: the batch, its companions among its fields.
            outputs: what the model said of the batch.
            loss: the loss so far.
        """


def paired_inputs(companion: Batch) -> dict[str, Any]:
    """Return what a model is called with to read a companion."""
    return {name: value for name, value in companion.items() if name not in (OWN_POSITIONS, THEIR_POSITIONS)}


@torch.no_grad()
def ask(teacher: nn.Module, companion: Batch, **options: bool) -> Batch:
    """Return what a teacher says of a companion, on the device where that is, without a gradient."""
    inputs = paired_inputs(companion)
    teacher.to(inputs["input_ids"].device)
    answer: Batch = teacher(**inputs, **options)
    return answer


def comparable_logits(outputs: Batch, positions: Tensor) -> Tensor:
    """Return the logits of each decision, (N, K), whatever the head.

    Of texts: one decision each. Of tags: one for each position. Of spans: two for each window, where the answer starts
    and where it ends, each a choice among the positions.

    Args:
        outputs: what a model said.
        positions: where it is compared, (B, P), -1 where there is nothing.
    """
    there = positions >= 0
    places = positions.clamp(min=0)
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
    """Return the mean over decisions of KL(target || model), both given as logits (N, K) that are softened first."""
    wanted, predicted = (F.log_softmax(each / temperature, dim=-1) for each in (target, logits))
    return F.kl_div(predicted, wanted, reduction="sum", log_target=True) / max(1, len(target))
