"""The labels' loss with a weight for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.training.losses.extra_loss import Batch, Losses


class ClassWeightedLoss:
    """The labels' loss with a weight for each label, which replaces the unweighted one; the first of the extra losses.

    The sum is divided by the sum of the weights, so that the scale of the loss is unchanged. Evaluation uses no
        weights.

    Args:
        weights: by label, in the order of the model's outputs.
    """

    forward_options: Mapping[str, Any] = {}

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights = torch.tensor(weights)

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the weighted loss of (B, K) or (B, T, K) logits; the plain loss is logged as ``unweighted_loss``."""
        labels = batch["labels"]
        mask = batch.get("attention_mask")
        if labels.dim() == 2 and mask is not None:
            labels = labels.masked_fill(mask == 0, IGNORED_LABEL)
        labels, logits = labels.flatten(), outputs["logits"].float().flatten(0, -2)  # (N,), (N, K)
        weights = self.weights.to(logits)
        total = F.cross_entropy(logits, labels, weights, reduction="sum", ignore_index=IGNORED_LABEL)
        known = labels[labels != IGNORED_LABEL]
        return total / weights[known].sum().clamp(min=1e-9), {"unweighted": loss}
