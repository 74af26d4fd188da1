"""Work on a corpus in several processes: results in the order of the pieces, and only a few pieces in memory."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from tqdm import tqdm

from charbert.errors import TrainingError
from charbert.processes import end_with_parent
from charbert.provenance import usable_cores

Piece = TypeVar("Piece")
Result = TypeVar("Result")

MOST_PROCESSES = 4
"""Used where the settings give no number; the process that reads, writes and adds cannot feed more."""
PIECES_ALONE = 8
"""Pieces done before processes are started, which takes as long as a few pieces."""
_SECONDS_BETWEEN_LINES = 60.0
"""Where there is no terminal."""

log = logging.getLogger(__name__)


def map_in_order(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], num_workers: int | None
) -> Generator[tuple[Piece, Result], None, None]:
    """Yield each piece with its result, the same for any number of processes.

    An error of ``pieces`` comes after the results of the pieces before it. Close the iterator if it is not read to
    its end, which ends the processes.

    Args:
        work: a function of a module that is quick to import, or a `functools.partial` of one.
        pieces: read as they are needed; two for each process are in memory.
        num_workers: processes that work; 1: only this one; None: one for each core, at most `MOST_PROCESSES`.

    Raises:
        TrainingError: if the operating system ended one of the processes.
    """
    processes = num_workers or min(usable_cores(), MOST_PROCESSES)
    source = iter(pieces)
    for piece in source if processes == 1 else islice(source, PIECES_ALONE):
        yield piece, work(piece)
    if processes > 1:
        yield from _map_in_processes(work, source, processes)


def _map_in_processes(
    work: Callable[[Piece], Result], pieces: Iterator[Piece], processes: int
) -> Iterator[tuple[Piece, Result]]:
    fresh = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    pool = ProcessPoolExecutor(processes, mp_context=fresh, initializer=end_with_parent)

    def submitted() -> Iterator[tuple[Any, Future[Result]]]:
        try:
            for piece in pieces:
                with _interrupts_held():  # a process that starts here never gets them
                    future = pool.submit(work, piece)
                yield piece, future
        except Exception as error:
            failed: Future[Result] = Future()
            failed.set_exception(error)
            yield None, failed

    try:
        coming = submitted()
        waiting = deque(islice(coming, 2 * processes))
        while waiting:
            piece, future = waiting.popleft()
            result = future.result()
            waiting.extend(islice(coming, 1))
            yield piece, result
    except BrokenProcessPool as error:
        raise TrainingError(
            "the operating system ended a process that prepares the corpus, usually because memory ran out; lower "
            "corpus.num_workers (1: only the main process), then run the same command again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back, also in processes that start meanwhile, which keep that: this one reports it and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def progress_shown(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many units were done: a bar on a terminal, else a log line each minute."""
    done, last_line = 0, time.monotonic()
    terminal = sys.stderr.isatty()
    with tqdm(total=total, desc=what, unit=unit, unit_scale=True, disable=not terminal, file=sys.stderr) as bar:

        def add(units: int) -> None:
            nonlocal done, last_line
            done += units
            bar.update(units)
            if not terminal and time.monotonic() - last_line >= _SECONDS_BETWEEN_LINES:
                last_line = time.monotonic()
                share = f" ({done / total:.0%})" if total else ""
                log.info("%s: %s%s%s", what, tqdm.format_sizeof(done), unit, share)

        yield add
