"""What an experiment's entry point owes its user: one clear message when something is wrong."""

from __future__ import annotations

import functools
import logging
import os
import pickle
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from charbert.errors import CharBertError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

log = logging.getLogger(__name__)


def reported(main: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap an entry point so that an error of ours ends the process with its message and no stack trace.

    Errors that we did not foresee keep their trace.
    """

    # Loading an encoder under a new head leaves weights over by design; transformers would warn of each.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

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
        sys.stderr.write(f"error: {message}\n")
        raise SystemExit(2)

    return wrapper


def _join_others() -> None:
    """Find the other processes of a run that has several; only the first tells what it does."""
    if os.environ.get("SUBMITIT_EXECUTOR"):
        from charbert.training.processes import join_submitted_tasks

        join_submitted_tasks()
    if os.environ.get("RANK", "0") != "0":
        logging.getLogger().setLevel(logging.WARNING)
