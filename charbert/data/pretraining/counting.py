"""Counts items of a corpus in several processes, each over a part that it reads as a stream."""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Protocol

from charbert.processes import end_with_parent

Count = Callable[[Iterable[str]], Counter[str]]


class Divisible(Protocol):
    """Texts that can be read in parts."""

    def part(self, index: int, count: int) -> Iterator[str]:
        """Yield the texts of part ``index`` of ``count`` disjoint parts."""


def count_parts(texts: Divisible, count: Count, processes: int) -> Counter[str]:
    """Return the counts over all texts, the same for any number of processes.

    Args:
        texts: pickled for the processes, so it should hold a path instead of the texts.
        count: counts over a part; a function of a module, or a `functools.partial` of one.
        processes: number of processes; 1: only this one.
    """
    if processes == 1:
        return count(texts.part(0, 1))
    total: Counter[str] = Counter()
    fresh = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    with ProcessPoolExecutor(processes, mp_context=fresh, initializer=_begin_worker) as pool:
        futures = [pool.submit(_count_part, texts, count, index, processes) for index in range(processes)]
        for future in futures:
            total.update(future.result())
    return total


def _begin_worker() -> None:
    """End with the main process, and at Ctrl-C without a stack trace, which the main process reports."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _count_part(texts: Divisible, count: Count, index: int, parts: int) -> Counter[str]:
    return count(texts.part(index, parts))
