"""Several processes that train one model: which of them this one is, and what they agree on.

``torchrun`` and ``accelerate launch`` start them and say so in the environment; `join_submitted_tasks` does it for the
tasks of a job of submitit's. Each runs the whole experiment; what is decided or written once is left to the first.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from charbert.errors import SettingsError

if TYPE_CHECKING:  # tables are redrawn from records without torch, and look here too
    import torch

Answer = TypeVar("Answer")

_PATIENCE = timedelta(days=30)
"""How long the others wait for the first: its turn may be another job's training that it waits for itself."""


def process_index() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def process_count() -> int:
    """Return how many processes train together; 1: this one alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this process is the one that decides and writes."""
    return process_index() == 0


def from_first(compute: Callable[[], Answer]) -> Answer:
    """Return what the first process computes; the others do not, and wait for it, however long.

    All processes come by here, in the same order. What is computed can be pickled.
    """
    if process_count() == 1:
        return compute()
    from torch import distributed

    answers: list[Any] = [compute() if is_first() else None]
    distributed.broadcast_object_list(answers, src=0, group=_patient_group())
    answer: Answer = answers[0]
    return answer


def share_of_batch(batch_size: int, setting: str) -> int:
    """Return how many sequences of a batch are this process's.

    Raises:
        SettingsError: naming the setting, if they cannot be divided evenly.
    """
    share, left = divmod(batch_size, process_count())
    if left:
        raise SettingsError(
            f"{setting} counts the sequences of all processes together and must be a multiple of their number, "
            f"{process_count()}, got {batch_size}"
        )
    return share


def refuse_several(what: str) -> None:
    """Check that this process is alone.

    Raises:
        SettingsError: if there are several, which all would do the same.
    """
    if process_count() > 1:
        raise SettingsError(
            f"{what} runs in one process, but {process_count()} were started; start it with python alone. Pretraining, "
            "fine-tuning and the tables of them run in several"
        )


def sum_over_processes(values: torch.Tensor) -> torch.Tensor:
    """Return the sum of a tensor over all processes, the same in each."""
    if process_count() == 1:
        return values
    from torch import distributed

    summed = values.to(_connection().device, copy=True)  # they may only talk from device to device
    distributed.all_reduce(summed)
    return summed.to(values.device)


def join_submitted_tasks() -> None:
    """Let the tasks of one job of submitit's find each other, as ``torchrun`` does it for its processes."""
    if "WORLD_SIZE" in os.environ or "SUBMITIT_EXECUTOR" not in os.environ:
        return
    from submitit import JobEnvironment
    from submitit.helpers import TorchDistributedEnvironment

    if JobEnvironment().num_tasks > 1:
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False)  # LOCAL_RANK says which is whose


def leave() -> None:
    """End the connection with the other processes, if there is one."""
    from torch import distributed

    _patient_group.cache_clear()
    if distributed.is_initialized():
        distributed.destroy_process_group()


@cache
def _patient_group() -> Any:
    from torch import distributed

    _connection()
    atexit.register(leave)
    return distributed.new_group(backend="gloo", timeout=_PATIENCE)


def _connection() -> Any:
    """Connect the processes, unless they are, each with its own device."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.accelerator.is_available())
