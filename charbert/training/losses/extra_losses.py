"""Losses added to that of the labels, and those of them that need no other batch."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL

Batch = Mapping[str, Any]
Losses = tuple[Tensor, dict[str, Tensor]]
"""The loss to minimize, and its parts for the log."""


class ExtraLoss(ABC):
    """A loss that is added to that of the labels."""

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """Options of the model's forward pass that the loss needs."""
        return {}

    @abstractmethod
    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss to minimize, and its parts for the log.

        With several processes the mean of the added term over them must be that of the whole batch; see
        `charbert.training.distributed.averaging.share_of_whole`.

        Args:
            batch: the batch, with its paired batches among its fields.
        """


class L1Penalty(ExtraLoss):
    """The sum of absolute values of weights, which makes some of them zero.

    Args:
        names: of the penalized weights; frozen ones are left out.
    """

    def __init__(self, weight: float, names: Collection[str]) -> None:
        self.weight, self.names = weight, frozenset(names)

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the penalty, and the penalty, logged as ``l1_loss``."""
        sums = [w.abs().sum() for name, w in model.named_parameters() if name in self.names and w.requires_grad]
        penalty = self.weight * torch.stack(sums).sum()
        return loss + penalty, {"l1": penalty}


class ClassWeightedLoss(ExtraLoss):
    """The labels' loss with a weight for each label, which replaces the unweighted one; the first of the extra losses.

    The sum is divided by the sum of the weights, so that the scale of the loss is unchanged. Evaluation uses no
    weights.

    Args:
        weights: by label, in the order of the model's outputs.
    """

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
