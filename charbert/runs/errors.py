"""What an experiment's entry point owes its user: one clear message when something is wrong."""

from __future__ import annotations

import errno
import functools
import logging
import os
import pickle
import re
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from hydra._internal import utils as hydra_utils

from charbert.errors import CharBertError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_FOLDER_ERRORS = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO),
)
_DISK_ERROR = re.compile(r"No space left|\(os error (28|27|30|122)\)|PytorchStreamWriter failed|iostream error")
"""How libraries that do not raise OSError tell of a disk that takes nothing more."""


def reported(main: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap an entry point so that an error of ours ends the process with its message and no stack trace.

    Errors that we did not foresee keep their trace.
    """

    # Loading an encoder under a new head leaves weights over by design; transformers would warn of each.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

    logging.raiseExceptions = False  # a log that cannot be written is no reason to show a trace at every line
    _report_failures_of_hydra()

    @functools.wraps(main)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        _join_others()
        try:
            return main(*args, **kwargs)
        except CharBertError as error:
            log.debug("stopped by", exc_info=True)
            message = str(error)
        except pickle.UnpicklingError as error:  # of weights that a library loads for us
            log.debug("stopped by", exc_info=True)
            message = (
                f"expected weights of tensors alone, got a file with other objects ({str(error).splitlines()[0]}); "
                "who wrote it? Nothing of it was loaded"
            )
        except Exception as error:  # each library has its own for a full disk
            failure = folder_failure(error)
            if failure is None:
                raise
            log.debug("stopped by", exc_info=True)
            message = failure
        sys.stderr.write(f"error: {message}\n")
        raise SystemExit(2)

    return wrapper


def _join_others() -> None:
    """Find the other processes of a run that has several; only the first tells what it does."""
    if os.environ.get("SUBMITIT_EXECUTOR"):
        from charbert.training.distributed.processes import join_submitted_tasks

        join_submitted_tasks()
    if os.environ.get("RANK", "0") != "0":
        logging.getLogger().setLevel(logging.WARNING)


def folder_failure(error: BaseException) -> str | None:
    """Return what to tell a user whose disk is full or whose folder cannot be written; None if that is not why."""
    if isinstance(error, OSError) and error.errno in _FOLDER_ERRORS:
        where, why = error.filename or "a file", error.strerror
    elif _DISK_ERROR.search(str(error)):
        where, why = "a file", str(error).splitlines()[0]
    else:
        return None
    return (
        f"{where} could not be written ({why}); finished results are whole. Free space or choose other folders "
        "(paths.outputs, paths.results), then run the same command again"
    )


def _report_failures_of_hydra() -> None:
    """Have Hydra, which writes its own files before an experiment begins, tell of folders as `reported` does."""
    report = hydra_utils.run_and_report
    if hasattr(report, "of_folders"):
        return

    def run_and_report(func: Any) -> Any:
        def run_told() -> Any:
            try:
                return func()
            except OSError as error:
                failure = folder_failure(error)
                if failure is None:
                    raise
                sys.stderr.write(f"error: {failure}\n")
                raise SystemExit(2) from None

        return report(run_told)

    run_and_report.of_folders = True  # type: ignore[attr-defined]
    hydra_utils.run_and_report = run_and_report
