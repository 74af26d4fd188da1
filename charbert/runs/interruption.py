"""Ctrl-C and SIGTERM at an entry point: one line with the step reached and the command that continues."""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

from charbert.runs.ending import show_nothing
from charbert.training.stopping import Stopped, position, signals_heard

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

INTERRUPTED, TERMINATED = 130, 143
"""Exit status after Ctrl-C and after SIGTERM, as of a program that the signal ends."""


def interruptible(main: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap an entry point so that Ctrl-C and SIGTERM end it with one line; SIGTERM writes a checkpoint first."""
    _report_ctrl_c_elsewhere()

    @functools.wraps(main)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            with signals_heard():
                return main(*args, **kwargs)
        except KeyboardInterrupt:
            status = INTERRUPTED
        except Stopped:
            status = TERMINATED
        _report("interrupted" if status == INTERRUPTED else "terminated")
        raise SystemExit(status)

    return wrapper


def _report(what: str) -> None:
    show_nothing()
    if os.environ.get("RANK", "0") != "0":
        return
    where = position()
    reached = "finished runs are kept" if where is None else str(where)
    alone = os.environ.get("WORLD_SIZE", "1") == "1" and "LOKY_PID" not in os.environ
    command = shlex.join(sys.orig_argv) if alone else "the same command"
    new_line = "\n" if sys.stderr.isatty() else ""  # the terminal shows ^C, or a bar
    sys.stderr.write(f"{new_line}{what}: {reached}. To continue: {command}\n")


def _report_ctrl_c_elsewhere() -> None:
    """Report Ctrl-C in one line, too, while Hydra composes the settings or goes to the next run of a sweep."""
    before = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _report("interrupted")
        else:
            before(kind, error, trace)

    sys.excepthook = report
