"""Being told to stop, by Ctrl-C, SIGTERM or a closed terminal: where the training is, and that all but Ctrl-C write a
checkpoint first.

Imports no torch, so that an entry point can listen before anything slow is imported.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


class Stopped(BaseException):
    """SIGTERM or SIGHUP arrived, and what can be kept of the training is on disk."""


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
    """Whether SIGTERM or SIGHUP arrived: the training ends with a checkpoint after this step."""
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
    if where.must_stop:  # the signal arrived after the last step
        raise Stopped
    if where.interrupted:
        raise KeyboardInterrupt


@contextmanager
def signals_heard() -> Iterator[None]:
    """Raise `Stopped` at SIGTERM, in a training after the checkpoint of its step, and KeyboardInterrupt at Ctrl-C.

    In a training the latter is left to its callback, since Python loses an exception that meets a destructor or a fork.
    A second signal does not wait. Jobs of submitit are left to its own handlers; Ctrl-C stays off where it is, as in
    the background of a shell. SIGHUP, of a terminal that was closed or a connection that broke, is heard as SIGTERM
    unless it is ignored (``nohup``).
    """
    if threading.current_thread() is not threading.main_thread() or "SUBMITIT_EXECUTOR" in os.environ:
        yield
        return
    _positions.clear()
    before = hear_stop()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hear_stop() -> dict[int, Any]:
    """Hear SIGTERM and SIGHUP until this process ends, as in `signals_heard`; return the handlers before."""
    before: dict[int, Any] = {signal.SIGTERM: signal.signal(signal.SIGTERM, _stop)}
    if _HANG_UP is not None and signal.getsignal(_HANG_UP) is signal.SIG_DFL:
        before[_HANG_UP] = signal.signal(_HANG_UP, _hang_up)
    return before


def _stop(number: int, frame: Any) -> None:
    where = position()
    if where is None or where.must_stop:
        raise Stopped
    where.must_stop = True


def _hang_up(number: int, frame: Any) -> None:
    signal.signal(number, signal.SIG_IGN)  # the system and the shell both send it
    _stop(number, frame)


def _interrupt(number: int, frame: Any) -> None:
    where = position()
    if where is None or where.interrupted:
        raise KeyboardInterrupt
    where.interrupted = True


def stop() -> None:
    """Send SIGTERM to this process, unless its training stops already."""
    where = position()
    if where is None or not where.must_stop:
        os.kill(os.getpid(), signal.SIGTERM)


def leave_signals_to_parent(*unused: Any) -> None:
    """Ignore Ctrl-C, SIGTERM and SIGHUP in a process that works for another one, which ends it.

    A terminal and a cluster send them to all processes of a group.
    """
    for number in filter(None, (signal.SIGINT, signal.SIGTERM, _HANG_UP)):
        signal.signal(number, signal.SIG_IGN)
