"""Times of competitors that take turns, and the peak memory of one that runs alone."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from charbert.errors import CharBertError
from charbert.training.memory import keep_freed_memory

Run = Callable[[], object]


def median_seconds(competitors: Mapping[str, Run], repetitions: int) -> dict[str, float]:
    """Return the median time of each competitor, in seconds.

    They run in turns, so that a machine that slows down slows all of them; each runs once before anything counts.

    Args:
        competitors: what is timed, by name.
        repetitions: timed runs of each.
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
    """Return the memory that two runs add at most to a process that has only imported, in megabytes.

    It is weights, gradients, the optimizer's state and what a step keeps. On a GPU the device's memory counts.

    Args:
        build: makes what is run; a function of a module, for it runs in a process of its own.
        *arguments: of ``build``.

    Raises:
        CharBertError: if the process ends without an answer, as one does that is out of memory.
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
    keep_freed_memory()  # as every training does
    before = _peak_bytes()
    run = build(*arguments)
    run()
    run()
    answer.send((_peak_bytes() - before) / 2**20)


def _peak_bytes() -> int:
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    try:  # ``getrusage`` would tell of the process that started this one, too
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _wait_for_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
