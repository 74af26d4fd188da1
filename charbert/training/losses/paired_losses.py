"""Losses that compare a model's outputs for a batch with its own or a teacher's for a paired batch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.training.distributed.averaging import share_of_whole
from charbert.training.distributed.batches import model_fields
from charbert.training.losses.extra_losses import Batch, ExtraLoss, Losses

_NEVER = -1e30
"""Logit of a position that cannot be the answer; finite, so that its part of a divergence is 0 and not nan."""


@torch.no_grad()
def teacher_outputs(teacher: nn.Module, paired: Batch, **options: bool) -> Batch:
    """Return a teacher's outputs for a paired batch, on the batch's device and without a gradient."""
    inputs = model_fields(paired)
    device = inputs["input_ids"].device
    if next(teacher.parameters()).device != device:
        teacher.to(device)
    outputs: Batch = teacher(**inputs, **options)
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


@dataclass(eq=False)
class ConsistencyTraining(ExtraLoss):
    """Adds the divergence of the predictions on the noised copy of a batch from those on the clean batch."""

    weight: float
    """Of the divergence, added to the loss of the labels."""
    symmetric: bool = False
    """The mean of both directions, with gradients through both; otherwise KL(clean || noised), and the clean
    predictions are a target without a gradient."""

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the divergence added, and the part ``consistency``."""
        paired = batch[NOISED]
        noised = comparable_logits(model(**model_fields(paired)), paired[THEIR_POSITIONS])
        clean = comparable_logits(outputs, paired[OWN_POSITIONS])
        if self.symmetric:
            distance = (divergence(clean, noised) + divergence(noised, clean)) / 2
        else:
            distance = divergence(clean.detach(), noised)
        return loss + self.weight * distance, {"consistency": distance.detach()}


class TrunkTeacher(ExtraLoss):
    """Adds the distance of the token states in noised text from the trunk's states of the same words in clean text.

    Ours, added to the objectives of Sec. 3.5. The distance is relative: summed squares of the differences over summed
    squares of the trunk's states, at the first and the last subword of each word that is not masked. It preserves the
    trunk's knowledge of clean text, which MLM on little text reduces, and gives noised words a target in every feature.

    Args:
        trunk: an encoder without a char channel, as it was before pretraining; it never changes.
        weight: of the distance, added to the other losses.
    """

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
