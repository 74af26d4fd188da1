"""Errors for users: each message says what is wrong, where, and what to do next."""

import importlib
from pathlib import Path
from typing import Any, Self


class CharBertError(Exception):
    """Base of all errors for bad input; its message is meant for the user."""


class SettingsError(CharBertError, ValueError):
    """A setting is unknown, of the wrong type, or out of its range."""


class DataError(CharBertError, ValueError):
    """A data file is missing, malformed or inconsistent."""

    @classmethod
    def at(cls, path: Path | str, line: int | None, *, expected: str, found: str, hint: str = "") -> Self:
        """Return the error for one place in a file.

        Args:
            line: line number from 1, or None when the whole file is meant.
        """
        place = f"{path}:{line}" if line is not None else f"{path}"
        return cls(f"{place}: expected {expected}, got {found}" + (f"; {hint}" if hint else ""))


class CheckpointError(CharBertError, ValueError):
    """A checkpoint does not fit the model that should load it."""


class TrainingError(CharBertError, RuntimeError):
    """Training cannot go on, for example because the loss is not finite."""


class TrialPrunedError(CharBertError):
    """A trial of a search was stopped early because of its scores."""


class RecordError(CharBertError, RuntimeError):
    """A result record cannot be read or written; existing files are intact."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message that is not blank, or its class where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def import_extra(module: str, purpose: str, extra: str, otherwise: str = "") -> Any:
    """Return a module that an extra of the package installs.

    Args:
        purpose: what needs it, for the error.
        extra: as ``deploy``.
        otherwise: what to do without it, for the error.

    Raises:
        SettingsError: if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(
            f"{purpose} needs the package {error.name or module}, which is not installed: "
            f"pip install 'charbert[{extra}]'" + (f", or {otherwise}" if otherwise else "")
        ) from None
