"""Run an experiment's script in this process: the same command without the seconds that a new process imports."""

import contextlib
import io
import logging
import os
import runpy
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import torch


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    """Give the root logger its handlers and level back, which Hydra replaces, and close those that it opened."""
    root = logging.getLogger()
    handlers, level, raises, disabled = root.handlers[:], root.level, logging.raiseExceptions, root.manager.disable
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:], root.manager.disable = handlers, disabled
        root.setLevel(level)
        logging.raiseExceptions = raises


def run_script(script: Path | str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Return the exit status and the output of ``python script arguments``, run here as the main program.

    The script is a file, or ``-m`` with a module as the first argument.

    What a new process would begin with is restored afterwards: arguments, environment, working folder, logging,
    warnings and the number of threads. Draws begin with the run's own seed.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    status, threads = 0, torch.get_num_threads()
    with (
        patch.object(sys, "argv", [str(script), *arguments]),
        patch.dict(os.environ),
        contextlib.chdir(cwd),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _own_logging(),
    ):
        try:
            if script == "-m":
                sys.argv = list(arguments)
                runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        finally:
            torch.set_num_threads(threads)
    return subprocess.CompletedProcess([str(script), *arguments], status, *map(_written, (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
