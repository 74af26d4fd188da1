"""Losses that are defined for every batch, also for one without a single label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL

ROWS_AT_A_TIME = 128
"""The scored positions are filled up to a multiple of this with ignored ones. Each batch has another number of labels,
and the CPU's matrix library keeps a prepared copy of a vocabulary's weights for each number it meets: without the
filling a long pretraining in bf16 grows by megabytes a step."""

ROWS_IN_CACHE = 16
"""Rows of scores over a vocabulary that are worked on at a time: two megabytes for thirty thousand words."""


@dataclass(frozen=True)
class LabeledLoss:
    """A mean loss, and the counts that accuracies over many batches are made of.

    ``count`` is the number of labelled positions and ``correct`` how many of them were predicted: scalars
    without a graph. ``known_count`` and ``known_correct`` leave out the positions whose label stands for every class
    that is not told apart; None where there is no such label.
    """

    loss: Tensor
    count: Tensor
    correct: Tensor
    known_count: Tensor | None = None
    known_correct: Tensor | None = None


def mean_cross_entropy(logits: Tensor, labels: Tensor, ignored: int = IGNORED_LABEL) -> Tensor:
    """Return the mean cross entropy of (N, K) logits over the labels, (N,), that are not ``ignored``.

    Without any such label the loss is 0 and still has a graph, so that every process of a group can go
    backward.
    """
    total = F.cross_entropy(logits.float(), labels, reduction="sum", ignore_index=ignored)
    return total / (labels != ignored).sum().clamp(min=1)


def vocabulary_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the summed cross entropy of (N, V) logits, and which rows score their target best, (N,).

    Rows whose target, (N,), is IGNORED_LABEL count for nothing. The same numbers as ``F.cross_entropy`` and
    ``argmax`` in float32, in a third of their passes over the scores: the gradient is made in place, forward.
    """
    total: Tensor
    hits: Tensor
    total, hits = _VocabularyCrossEntropy.apply(logits, targets)
    return total, hits


class _VocabularyCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        rows = range(0, len(logits), ROWS_IN_CACHE)
        parts = [slice(first, first + ROWS_IN_CACHE) for first in rows]
        scored = [
            _score_rows(logits[part], targets[part], None if gradient is None else gradient[part]) for part in parts
        ]
        total = torch.stack([loss for loss, _ in scored]).sum() if scored else logits.new_zeros((), dtype=torch.float32)
        hits = torch.cat([hits for _, hits in scored]) if scored else targets.bool()
        ctx.save_for_backward(*([] if gradient is None else [gradient]))
        ctx.mark_non_differentiable(hits)
        return total, hits

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0].to(gradient.dtype), None


def _score_rows(logits: Tensor, targets: Tensor, gradient: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the summed loss of some rows and which of them are right; fill their gradient where one is wanted."""
    counted = targets != IGNORED_LABEL
    columns = torch.where(counted, targets, 0)[:, None]
    scores = logits.to(torch.float32, copy=True)
    best = scores.amax(dim=-1, keepdim=True)
    of_target = scores.gather(1, columns)
    hits = counted & (of_target == best)[:, 0]
    hits[hits.clone()] = scores[hits].argmax(dim=-1) == targets[hits]  # several may share the best score
    weights = scores.sub_(best).exp_()
    total = weights.sum(dim=-1, keepdim=True)
    losses = best + total.log() - of_target
    if gradient is not None:
        softmax = weights.mul_(counted[:, None] / total)  # 0 in the rows that count for nothing
        gradient.copy_(softmax.scatter_add_(1, columns, -counted[:, None].to(softmax.dtype)))
    return losses[:, 0].mul(counted).sum(), hits


def labeled_loss(
    head: Callable[[Tensor], Tensor], states: Tensor, labels: Tensor, unknown: int | None = None
) -> LabeledLoss:
    """Score only the labelled positions, since a vocabulary of scores for every position is most of the work.

    Args:
        head: maps states (N, H) to logits over a vocabulary.
        states: (B, T, H).
        labels: (B, T), IGNORED_LABEL where nothing is to be predicted.
        unknown: the label of everything that has none of its own, counted apart; None where there is none.
    """
    labeled = labels != IGNORED_LABEL
    count = labeled.sum()
    spare = -int(count) % ROWS_AT_A_TIME
    targets = F.pad(labels[labeled], (0, spare), value=IGNORED_LABEL)  # (N,)
    logits = head(F.pad(states[labeled], (0, 0, 0, spare)))  # (N, V) or (N, W)
    total, hits = vocabulary_cross_entropy(logits, targets)
    loss = total / count.clamp(min=1)
    if unknown is None:
        return LabeledLoss(loss, count, hits.sum())
    is_known = (targets != IGNORED_LABEL) & (targets != unknown)
    return LabeledLoss(loss, count, hits.sum(), is_known.sum(), (hits & is_known).sum())
