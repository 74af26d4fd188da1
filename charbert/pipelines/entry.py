"""What an experiment's entry point owes its user: one clear message when something is wrong."""

from __future__ import annotations

import functools
import logging
import os
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
        try:
            return main(*args, **kwargs)
        except CharBertError as error:
            log.debug("stopped by", exc_info=True)
            sys.stderr.write(f"error: {error}\n")
            raise SystemExit(2) from None

    return wrapper
