"""What is shown when a command ends: once after the last run of a sweep, and not after an error."""

import atexit
import sys

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

_texts: dict[str, str] = {}
"""By what shows it; a later run of a sweep replaces the text of an earlier one."""


def show_at_end(name: str, text: str) -> None:
    """Write a text to standard output, in a sweep after its last run."""
    if not in_sweep():
        sys.stdout.write(text)
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
    sys.stdout.write("".join(_texts.values()))
