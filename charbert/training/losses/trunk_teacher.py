"""The trunk as a teacher in pretraining: a word with a typo is to mean what the trunk makes of the word without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from charbert.batch import OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.training.distributed.averaging import share_of_whole
from charbert.training.losses.extra_loss import Batch, ask, at_positions


class TrunkTeacher:
    """Draw the token states of words in noised text to those that the trunk has for them in the clean text.

    Ours, beside the objectives of Sec. 3.5. The distance is a share: summed squares of the differences over summed
    squares of the trunk's states, at the first and the last subword of each word that is not masked. So what the trunk
    knew of clean text is kept, where MLM on little text wears it off, and a noised word has a target in every feature.

    Args:
        trunk: an encoder without a char channel, as it was before pretraining; it never changes.
        weight: of the distance beside the other losses.
    """

    def __init__(self, trunk: nn.Module, weight: float) -> None:
        self.trunk = trunk.eval().requires_grad_(False)
        self.weight = weight

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """Ask for nothing."""
        return {}

    def __call__(
        self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss with the distance added, and the part ``trunk_distance``; of several processes this share."""
        companion = batch[TEACHER]
        taught = ask(self.trunk, companion)
        wanted = at_positions(taught["token_states"], companion[THEIR_POSITIONS]).float()  # (N, H)
        states = at_positions(outputs["token_states"], companion[OWN_POSITIONS]).float()
        size = wanted.square().sum()
        distance = (states - wanted).square().sum() / size.clamp(min=1) * share_of_whole(size, batch)
        return loss + self.weight * distance, {"trunk_distance": distance.detach()}
