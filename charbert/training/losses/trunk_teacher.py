"""The trunk as teacher in pretraining: noised words are pulled towards the trunk's states of the clean words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from charbert.batch import OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.training.distributed.averaging import share_of_whole
from charbert.training.losses.extra_loss import Batch, Losses, at_positions, teacher_outputs


class TrunkTeacher:
    """Adds the distance of the token states in noised text from the trunk's states of the same words in clean text.

    Ours, added to the objectives of Sec. 3.5. The distance is relative: summed squares of the differences over summed
    squares of the trunk's states, at the first and the last subword of each word that is not masked. It preserves the
    trunk's knowledge of clean text, which MLM on little text reduces, and gives noised words a target in every feature.

    Args:
        trunk: an encoder without a char channel, as it was before pretraining; it never changes.
        weight: of the distance, added to the other losses.
    """

    forward_options: Mapping[str, Any] = {}

    def __init__(self, trunk: nn.Module, weight: float) -> None:
        self.trunk = trunk.eval().requires_grad_(False)
        self.weight = weight

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the distance added, and the part ``trunk_distance``, this process's share of it."""
        paired = batch[TEACHER]
        taught = teacher_outputs(self.trunk, paired)
        target = at_positions(taught["token_states"], paired[THEIR_POSITIONS]).float()  # (N, H)
        states = at_positions(outputs["token_states"], paired[OWN_POSITIONS]).float()
        size = target.square().sum()
        distance = (states - target).square().sum() / size.clamp(min=1) * share_of_whole(size, batch)
        return loss + self.weight * distance, {"trunk_distance": distance.detach()}
