"""Errors of an entry point: one clear message to the user instead of a stack trace."""

from __future__ import annotations

import errno
import functools
import logging
import os
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
"""Messages about a full or unwritable disk from libraries that do not raise OSError."""


def reported(main: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap an entry point: a CharBertError, or a folder that cannot be written, ends the process with its message.

    The exit status is 2 then. Any other error keeps its stack trace.
    """

    # An encoder loaded under a new head has unused weights by design; transformers would warn of each.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

    logging.raiseExceptions = False  # no stack trace at every line where the log cannot be written
    _report_failures_of_hydra()

    @functools.wraps(main)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        _join_others()
        try:
            return main(*args, **kwargs)
        except CharBertError as error:
            log.debug("stopped by", exc_info=True)
            message = str(error)
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
    """Find the other processes of a run that has several; only the first logs below warnings."""
    if os.environ.get("SUBMITIT_EXECUTOR"):
        from charbert.training.distributed.processes import join_submitted_tasks

        join_submitted_tasks()
    if os.environ.get("RANK", "0") != "0":
        logging.getLogger().setLevel(logging.WARNING)


def folder_failure(error: BaseException) -> str | None:
    """Return the message for a full disk or a folder that cannot be written; None for any other error."""
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
    """Make Hydra, which writes its own files before an experiment begins, report folder errors as `reported` does."""
    report = hydra_utils.run_and_report
    if hasattr(report, "of_folders"):
        return

    def run_and_report(func: Any) -> Any:
        def run_reported() -> Any:
            try:
                return func()
            except CharBertError as error:
                failure = str(error)
            except OSError as error:
                failure = folder_failure(error) or ""
                if not failure:
                    raise
            sys.stderr.write(f"error: {failure}\n")
            raise SystemExit(2) from None

        return report(run_reported)

    run_and_report.of_folders = True  # type: ignore[attr-defined]
    hydra_utils.run_and_report = run_and_report
