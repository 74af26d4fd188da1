"""Consistency training: predictions on text with typos are trained toward those on the clean text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from charbert.batch import NOISED, OWN_POSITIONS, THEIR_POSITIONS
from charbert.training.losses.extra_loss import Batch, comparable_logits, divergence, paired_inputs


class ConsistencyTraining:
    """Add the divergence between the predictions on a batch and on its noised copy.

    Args:
        weight: of the divergence beside the loss of the labels.
        symmetric: the mean of both directions, and both copies get a gradient; otherwise KL(clean || noised), in which
            the clean predictions are a fixed target.
    """

    def __init__(self, weight: float, *, symmetric: bool = False) -> None:
        self.weight = weight
        self.symmetric = symmetric

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """Ask for nothing."""
        return {}

    def __call__(
        self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss with the divergence added, and the part ``consistency``."""
        companion = batch[NOISED]
        noised = comparable_logits(model(**paired_inputs(companion)), companion[THEIR_POSITIONS])
        clean = comparable_logits(outputs, companion[OWN_POSITIONS])
        if self.symmetric:
            distance = (divergence(clean, noised) + divergence(noised, clean)) / 2
        else:
            distance = divergence(clean.detach(), noised)
        return loss + self.weight * distance, {"consistency": distance.detach()}
