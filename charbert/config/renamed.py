"""Settings and choices that had another name once: the old name fails, and its message says the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException

RENAMED_SETTINGS: dict[str, str] = {
    "judging": "calibration",
    "compression.versions": "compression.eval_sets",
}
"""Dotted name of a setting or a section, as it was and as it is."""
RENAMED_CHOICES: dict[tuple[str, str], str] = {}
"""Group of ``conf/`` and the old name of a choice -> its name today."""


def refuse_renamed(overrides: Iterable[str]) -> None:
    """Check that a command line uses no old name.

    Args:
        overrides: as Hydra gets them, e.g. ``["judging.bins=10"]``.

    Raises:
        ConfigCompositionException: naming the new name.
    """
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        name = (override.key_or_group or "").split("@")[0]
        for old, new in RENAMED_SETTINGS.items():
            if f"{name}.".startswith(f"{old}."):
                renamed = new + name.removeprefix(old)
                raise ConfigCompositionException(f"{name} is called {renamed} now; write {renamed}=...")
        values = override.value()
        for value in values if isinstance(values, list) else [values]:
            choice = RENAMED_CHOICES.get((name, str(value)))
            if choice is not None:
                raise ConfigCompositionException(f"{name}={value} is called {name}={choice} now")


def with_new_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested settings, as an older record holds them, under the names that they have today."""
    plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings.items()}
    for old, new in RENAMED_SETTINGS.items():
        section, _, field = old.rpartition(".")
        new_field = new.rpartition(".")[2]
        holder: Any = plain
        for part in filter(None, section.split(".")):
            holder = holder.get(part) if isinstance(holder, Mapping) else None
        if isinstance(holder, dict) and field in holder:
            holder[new_field] = holder.pop(field)
    return plain
