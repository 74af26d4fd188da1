"""Losses of several processes, so that the number of processes does not change the training."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from charbert.batch import EXAMPLE_IDS, IGNORED_LABEL, LABEL_FIELDS, OBJECTIVES
from charbert.training.distributed.batches import FILLER
from charbert.training.distributed.processes import process_count, sum_over_processes


def shared_loss(loss: Tensor, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tensor:
    """Return a loss whose mean over the processes is the loss of the whole batch in one process.

    A head's loss is a mean over the labeled positions of its own part of the batch, and the gradients of all parts are
    averaged. Parts differ in the number of labels, so each objective is weighted by its share of them.

    Args:
        loss: of this process's part, without extra losses, which compute their own share.
        outputs: of the model; in pretraining with the loss and the count of each objective.
    """
    known = [name for name in OBJECTIVES if outputs.get(f"{name}_count") is not None]
    losses = [outputs[f"{name}_loss"] for name in known] or [loss]
    counts = [outputs[f"{name}_count"] for name in known] or [_count_labels(inputs)]
    counted = torch.stack([torch.as_tensor(count, device=loss.device).double() for count in counts])
    shares = share_of_whole(counted, inputs)
    extra = [(share - 1).to(loss.dtype) * task_loss for share, task_loss in zip(shares, losses, strict=True)]
    return loss + torch.stack(extra).sum()


def share_of_whole(sizes: Tensor, inputs: Mapping[str, Any]) -> Tensor:
    """Return factors for means over this process's part whose mean over the processes is then that of the whole batch.

    Args:
        sizes: the denominator of each mean.

    Returns:
        A factor for each size: 1 in one process; in several its share of the total, times the number of processes, and
        0 for a filler batch.
    """
    if FILLER in inputs:
        sizes = torch.zeros_like(sizes)
    return sizes * process_count() / sum_over_processes(sizes).clamp(min=1)


def mean_over_processes(loss: Tensor) -> Tensor:
    """Return the mean of a loss over the processes, the same in each."""
    return sum_over_processes(loss.detach()) / process_count()


def _count_labels(inputs: Mapping[str, Any]) -> Tensor:
    for name in LABEL_FIELDS:
        if name in inputs:
            return (inputs[name] != IGNORED_LABEL).sum()
    rows = next(len(value) for name, value in inputs.items() if name not in (EXAMPLE_IDS, FILLER))
    return torch.tensor(rows)
