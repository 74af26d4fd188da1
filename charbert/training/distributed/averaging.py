"""Losses of several processes, so that training in any number of them is training in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from charbert.batch import EXAMPLE_IDS, IGNORED_LABEL, LABEL_FIELDS
from charbert.training.distributed.batches import FILLER
from charbert.training.distributed.processes import process_count, sum_over_processes
from charbert.training.meter import OBJECTIVES


def shared_loss(loss: Tensor, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tensor:
    """Return a loss whose mean over the processes is the loss of the whole batch in one process.

    A head's loss is a mean over the labelled positions of its own part of the batch. The gradients of all parts are
    averaged, as if each had as many labels; so each objective is weighted by its share of them.

    Args:
        loss: of this process's part, without extra losses, which take care of their own share.
        outputs: of the model; pretraining's have the loss and the count of each objective.
        inputs: the batch.
    """
    known = [name for name in OBJECTIVES if outputs.get(f"{name}_count") is not None]
    losses = [outputs[f"{name}_loss"] for name in known] or [loss]
    counts = [outputs[f"{name}_count"] for name in known] or [_count_labels(inputs)]
    counted = torch.stack([torch.as_tensor(count, device=loss.device).double() for count in counts])
    shares = share_of_whole(counted, inputs)
    extra = [(share - 1).to(loss.dtype) * task_loss for share, task_loss in zip(shares, losses, strict=True)]
    return loss + torch.stack(extra).sum()


def share_of_whole(sizes: Tensor, inputs: Mapping[str, Any]) -> Tensor:
    """Return what turns means over this process's part into terms whose mean over the processes is that of the batch.

    Args:
        sizes: what each mean was divided by, at least 1 where there is anything to divide.
        inputs: this process's part of the batch.

    Returns:
        As many numbers: 1 in one process; in several each size's share of all of them, times their number, and 0 for
        a part that only keeps a process busy.
    """
    if FILLER in inputs:
        sizes = torch.zeros_like(sizes)
    return sizes * process_count() / sum_over_processes(sizes).clamp(min=1)


def mean_over_processes(loss: Tensor) -> Tensor:
    """Return the mean of a number over the processes, the same in each."""
    return sum_over_processes(loss.detach()) / process_count()


def _count_labels(inputs: Mapping[str, Any]) -> Tensor:
    for name in LABEL_FIELDS:
        if name in inputs:
            return (inputs[name] != IGNORED_LABEL).sum()
    rows = next(len(value) for name, value in inputs.items() if name not in (EXAMPLE_IDS, FILLER))
    return torch.tensor(rows)
