"""Cross entropy over a vocabulary whose gradient is computed in the forward pass, a few rows at a time."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from charbert.batch import IGNORED_LABEL

ROWS_IN_CACHE = 16
"""Rows of scores processed at a time on a CPU: two megabytes for a vocabulary of thirty thousand words."""
ROWS_ON_GPU = 1024
"""On a GPU, whose cores would be idle with a few rows, and which waits for the CPU to start each operation."""


def vocabulary_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the summed cross entropy of (N, V) logits, and which rows score their target highest, (N,).

    Rows whose target, (N,), is IGNORED_LABEL are left out. The numbers are those of ``F.cross_entropy`` and ``argmax``
    in float32, in a third of their passes over the scores: the gradient is computed in place in the forward pass.
    """
    total: Tensor
    hits: Tensor
    total, hits = _VocabularyCrossEntropy.apply(logits, targets)
    return total, hits


class _VocabularyCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        gradient = torch.empty_like(logits) if ctx.needs_input_grad[0] else None
        size = ROWS_IN_CACHE if logits.device.type == "cpu" else ROWS_ON_GPU
        parts = [slice(first, first + size) for first in range(0, len(logits), size)]
        scored = [
            _score_rows(logits[part], targets[part], None if gradient is None else gradient[part]) for part in parts
        ]
        total = torch.stack([loss for loss, _ in scored]).sum() if scored else logits.new_zeros((), dtype=torch.float32)
        hits = torch.cat([hits for _, hits in scored]) if scored else targets.bool()
        ctx.save_for_backward(*([] if gradient is None else [gradient]))
        ctx.mark_non_differentiable(hits)
        return total, hits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0].to(gradient.dtype), None


def _score_rows(logits: Tensor, targets: Tensor, gradient: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the summed loss of some rows and which of them are right; fill ``gradient`` if given."""
    counted = targets != IGNORED_LABEL
    columns = torch.where(counted, targets, 0)[:, None]
    scores = logits.to(torch.float32, copy=True)
    best = scores.amax(dim=-1, keepdim=True)
    of_target = scores.gather(1, columns)
    hits = counted & (of_target == best)[:, 0]
    if logits.device.type == "cpu":
        hits[hits.clone()] = scores[hits].argmax(dim=-1) == targets[hits]  # several classes may share the highest score
    else:  # a GPU would wait for the number of hits
        hits &= scores.argmax(dim=-1) == targets
    weights = scores.sub_(best).exp_()
    total = weights.sum(dim=-1, keepdim=True)
    losses = best + total.log() - of_target
    if gradient is not None:
        softmax = weights.mul_(counted[:, None] / total)  # 0 in ignored rows
        gradient.copy_(softmax.scatter_add_(1, columns, -counted[:, None].to(softmax.dtype)))
    return losses[:, 0].mul(counted).sum(), hits
