"""Checks of settings that many sections share; each error names the setting."""

import re
from collections.abc import Mapping
from math import inf
from typing import Any

from charbert.errors import SettingsError
from charbert.files import is_plain_name

OWN_SETS = ("train", "dev", "test", "clean")
"""Names of the sets that a task has itself; the test set as it is scored is clean."""
_MAX_SIZE = 10_000_000
"""Largest whole number in a model's configuration; the largest vocabularies of trunks have a million entries."""
_MAX_COUNTS = {r"layers$|^num_hidden_groups$|^inner_group_num$": 1000, r"^num_labels$": 100_000}
"""Smaller bounds, by the end of a field's name: of modules and of names that are made one by one."""


def check_range(section: str, settings: Any, interval: str, *names: str) -> None:
    """Check that settings lie in an interval; None passes.

    Args:
        section: dotted name of the section, for the error; empty: none.
        interval: as ``[0, 1)`` or ``[1, inf)``; a round bracket leaves the bound out.

    Raises:
        SettingsError: naming the first setting outside.
    """
    low, high = map(float, interval[1:-1].split(","))
    for name in names:
        value = getattr(settings, name)
        if value is None:
            continue
        above = value > low if interval[0] == "(" else value >= low
        below = value < high if interval[-1] == ")" else value <= high
        if not (above and below):
            or_null = " or null" if "None" in str(settings.__dataclass_fields__[name].type) else ""
            full_name = f"{section}.{name}" if section else name
            raise SettingsError(f"{full_name} must be {_in_words(interval, low, high)}{or_null}, got {value}")


def _in_words(interval: str, low: float, high: float) -> str:
    if high != inf:
        return f"in {interval}"
    if low == 0:
        return "positive" if interval[0] == "(" else "0 or more"
    return f"at least {low:g}"


def check_name(setting: str, name: str) -> None:
    """Raise SettingsError unless a name is usable as a file name."""
    if not is_plain_name(name):
        raise SettingsError(
            f"{setting} names files, so it must be short, without slashes and not .., got {name[:80]!r}"
        )


def check_set_name(setting: str, name: str) -> None:
    """Raise SettingsError unless a name is usable as a file name, and for a set of examples beside `OWN_SETS`."""
    check_name(setting, name)
    if name in OWN_SETS:
        raise SettingsError(
            f"{setting} must not use the name of another set ({', '.join(OWN_SETS)}), which it would replace, got "
            f"{name}; give it another name"
        )


def check_sizes(values: Mapping[str, Any], section: str = "") -> None:
    """Check that no size in the configuration of a model is so large that building the model would not end.

    Args:
        values: of the configuration, nested as in its file.
        section: dotted name of the values, for the error; empty: none.

    Raises:
        SettingsError: naming the first value out of bounds.
    """
    for name, value in values.items():
        full_name = f"{section}.{name}" if section else str(name)
        if isinstance(value, Mapping):
            check_sizes(value, full_name)
        elif isinstance(value, int):
            bound = next((count for ending, count in _MAX_COUNTS.items() if re.search(ending, str(name))), _MAX_SIZE)
            if abs(value) > bound:
                raise SettingsError(f"{full_name} must be at most {bound}, got {value if abs(value) < 1e20 else '...'}")
