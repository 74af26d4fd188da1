"""Consistency training: the predictions on text with typos are pulled towards those on the clean text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from charbert.batch import NOISED, OWN_POSITIONS, THEIR_POSITIONS
from charbert.training.losses.extra_loss import Batch, Losses, comparable_logits, divergence, paired_inputs


class ConsistencyTraining:
    """Adds the divergence of the predictions on the noised copy of a batch from those on the clean batch.

    Args:
        weight: of the divergence, added to the loss of the labels.
        symmetric: the mean of both directions, with gradients through both; otherwise KL(clean || noised), and the
            clean predictions are a target without a gradient.
    """

    forward_options: Mapping[str, Any] = {}

    def __init__(self, weight: float, *, symmetric: bool = False) -> None:
        self.weight = weight
        self.symmetric = symmetric

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the divergence added, and the part ``consistency``."""
        paired = batch[NOISED]
        noised = comparable_logits(model(**paired_inputs(paired)), paired[THEIR_POSITIONS])
        clean = comparable_logits(outputs, paired[OWN_POSITIONS])
        if self.symmetric:
            distance = (divergence(clean, noised) + divergence(noised, clean)) / 2
        else:
            distance = divergence(clean.detach(), noised)
        return loss + self.weight * distance, {"consistency": distance.detach()}
