"""A penalty on the size of weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from charbert.training.losses.extra_loss import Batch, Losses


class L1Penalty:
    """The sum of absolute values of weights, which makes some of them zero.

    Args:
        names: of the penalized weights; frozen ones are left out.
    """

    forward_options: Mapping[str, Any] = {}

    def __init__(self, weight: float, names: Collection[str]) -> None:
        self.weight, self.names = weight, frozenset(names)

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the penalty, and the penalty, logged as ``l1_loss``."""
        sums = [w.abs().sum() for name, w in model.named_parameters() if name in self.names and w.requires_grad]
        penalty = self.weight * torch.stack(sums).sum()
        return loss + penalty, {"l1": penalty}
