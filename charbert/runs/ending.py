"""What is shown when a command ends: once after the last run of a sweep, and not after an error."""

import atexit
import os
import sys
from typing import TextIO

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

_texts: dict[str, str] = {}
"""By what shows it; a later run of a sweep replaces the text of an earlier one."""


def show_at_end(name: str, text: str) -> None:
    """Write a text to standard output, in a sweep after its last run."""
    if not in_sweep():
        write_to(sys.stdout, text)
        return
    if not _texts:
        atexit.register(_show)
    _texts[name] = text


def in_sweep() -> bool:
    """Return whether this run is one of a sweep."""
    return HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN


def show_nothing() -> None:
    """Forget what was to be shown, since the command ends with an error, which should be its last line."""
    _texts.clear()


def _show() -> None:
    write_to(sys.stdout, "".join(_texts.values()))


def write_to(stream: TextIO | None, text: str) -> None:
    """Write a text to standard output or standard error, or nowhere if nobody can read it any more.

    What is shown is in files, too, so a stream that is closed (None), or whose reader has ended as `head` does, ends no
    run.
    """
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python would try to write it again at the end
