"""Times of competitors that run in turns, and the peak memory of a single one."""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from charbert.errors import CharBertError
from charbert.processes import end_with_parent
from charbert.training.machine.memory import keep_freed_memory

Run = Callable[[], object]


def median_seconds(competitors: Mapping[str, Run], repetitions: int) -> dict[str, float]:
    """Return the median time of each competitor, in seconds.

    They run in turns, so that a slowdown of the machine affects all of them; each has one warm-up run.

    Args:
        competitors: functions to time, by name.
    """
    times: dict[str, list[float]] = {name: [] for name in competitors}
    for repetition in range(repetitions + 1):
        for name, run in competitors.items():
            _wait_for_device()
            begin = time.perf_counter()
            run()
            _wait_for_device()
            if repetition:
                times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def peak_megabytes(build: Callable[..., Run], *arguments: object) -> float:
    """Return the peak memory that two runs add to a process after its imports, in megabytes.

    It includes weights, gradients, the optimizer's state and activations. On a GPU it is the device's memory.

    Args:
        build: returns the function to run; a function of a module, since it is called in a new process.
        *arguments: of ``build``.

    Raises:
        CharBertError: if the process ends without a result, for example when it is out of memory.
    """
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_report_peak, args=(there, build, arguments))
    process.start()
    there.close()
    try:
        return float(here.recv())
    except EOFError as error:
        process.join()
        raise CharBertError(
            f"the process that measures memory ended with code {process.exitcode}; out of memory? try smaller shapes"
        ) from error
    finally:
        process.join()


def _report_peak(answer: Connection, build: Callable[..., Run], arguments: tuple[object, ...]) -> None:
    end_with_parent()
    keep_freed_memory()  # as in training
    before = _peak_bytes()
    run = build(*arguments)
    run()
    run()
    answer.send((_peak_bytes() - before) / 2**20)


def _peak_bytes() -> int:
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    try:  # ``getrusage`` may include the parent process
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _wait_for_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
