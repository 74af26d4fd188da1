"""Being told to stop, by Ctrl-C or SIGTERM: where the training is, and that SIGTERM writes a checkpoint first.

Imports no torch, so that an entry point can listen before anything slow is imported.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


class Stopped(BaseException):
    """SIGTERM arrived, and what can be kept of the training is on disk."""


@dataclass
class Position:
    """Where the training is that goes on in this process."""

    name: str
    """Of its run."""
    step: int = 0
    steps: int = 0
    """Of the whole training."""
    saved: int | None = None
    """Step of the newest checkpoint."""
    must_stop: bool = False
    """Whether SIGTERM arrived: the training ends with a checkpoint after this step."""
    interrupted: bool = False
    """Whether Ctrl-C arrived: the training ends after this step, or after this batch of an evaluation."""

    def __str__(self) -> str:
        newest = (
            "there is no checkpoint yet" if self.saved is None else f"the newest checkpoint is of step {self.saved}"
        )
        return f"{self.name} at step {self.step} of {self.steps}; {newest}"


_positions: list[Position] = []
"""Of the training that goes on, the newest last."""


def position() -> Position | None:
    """Return where the training is that goes on, None if there is none."""
    return _positions[-1] if _positions else None


@contextmanager
def training_of(name: str) -> Iterator[Position]:
    """Yield the position of a training, which the body keeps up to date.

    After an error or Ctrl-C it remains known, for the message of the entry point.
    """
    where = Position(name)
    _positions[:] = [where]
    yield where
    _positions.clear()
    if where.must_stop:  # SIGTERM arrived after the last step
        raise Stopped
    if where.interrupted:
        raise KeyboardInterrupt


@contextmanager
def signals_heard() -> Iterator[None]:
    """Raise `Stopped` at SIGTERM, in a training after the checkpoint of its step, and KeyboardInterrupt at Ctrl-C.

    In a training the latter is left to its callback, since Python loses an exception that meets a destructor or a fork.
    A second signal does not wait. Jobs of submitit are left to its own handlers; Ctrl-C stays off where it is, as in
    the background of a shell.
    """
    if threading.current_thread() is not threading.main_thread() or "SUBMITIT_EXECUTOR" in os.environ:
        yield
        return
    _positions.clear()
    before = {signal.SIGTERM: hear_sigterm()}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hear_sigterm() -> Any:
    """Hear SIGTERM until this process ends, as in `signals_heard`; return the handler before."""
    return signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: Any) -> None:
    where = position()
    if where is None or where.must_stop:
        raise Stopped
    where.must_stop = True


def _interrupt(number: int, frame: Any) -> None:
    where = position()
    if where is None or where.interrupted:
        raise KeyboardInterrupt
    where.interrupted = True


def leave_signals_to_parent(*unused: Any) -> None:
    """Ignore Ctrl-C and SIGTERM in a process that works for another one, which ends it.

    A terminal and a cluster send them to all processes of a group.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
