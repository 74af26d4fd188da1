"""The processes that train one model together: rank, number, and communication.

``torchrun`` and ``accelerate launch`` start them and set the environment variables; `join_submitted_tasks` sets them
for the tasks of a submitit job. Each process runs the whole experiment; the first one decides and writes.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from charbert.errors import SettingsError

if TYPE_CHECKING:  # drawing tables from records imports this module, and must not import torch
    import torch

Answer = TypeVar("Answer")

_PATIENCE = timedelta(days=30)
"""How long other processes wait for the first, which itself may wait for the training of another job."""


def process_index() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def process_count() -> int:
    """Return the number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this is the process that decides and writes."""
    return process_index() == 0


def from_first(compute: Callable[[], Answer]) -> Answer:
    """Return what the first process computes; the others wait for it without a time limit.

    All processes must call it, in the same order. The result must be picklable.
    """
    if process_count() == 1:
        return compute()
    from torch import distributed

    answers: list[Any] = [compute() if is_first() else None]
    distributed.broadcast_object_list(answers, src=0, group=_patient_group())
    answer: Answer = answers[0]
    return answer


def share_of_batch(batch_size: int, setting: str) -> int:
    """Return the number of sequences of a batch for this process.

    Raises:
        SettingsError: naming the setting, if the batch cannot be divided evenly.
    """
    share, left = divmod(batch_size, process_count())
    if left:
        raise SettingsError(
            f"{setting} counts the sequences of all processes together and must be a multiple of their number, "
            f"{process_count()}, got {batch_size}"
        )
    return share


def refuse_several(what: str) -> None:
    """Check that there is only one process.

    Raises:
        SettingsError: if there are several, which would all do the same work.
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

    summed = values.to(_connection().device, copy=True)  # the backend may support its own device only
    distributed.all_reduce(summed)
    return summed.to(values.device)


def join_submitted_tasks() -> None:
    """Set the environment variables of ``torchrun`` for the tasks of a submitit job."""
    if "WORLD_SIZE" in os.environ or "SUBMITIT_EXECUTOR" not in os.environ:
        return
    from submitit import JobEnvironment
    from submitit.helpers import TorchDistributedEnvironment

    if JobEnvironment().num_tasks > 1:
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False)  # LOCAL_RANK chooses the device


def leave() -> None:
    """Close the connection to the other processes, if there is one."""
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
    """Connect the processes once, each with its own device."""
    import torch
    from accelerate import PartialState

    return PartialState(cpu=not torch.accelerator.is_available())
