"""Old names of settings, of their values and of choices: on a command line they fail with the new name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import ConfigCompositionException

RENAMED_SETTINGS: dict[str, str] = {
    "judging": "calibration",
    "compression.versions": "compression.eval_sets",
    "distillation.cell": "distillation.run",
    "model.baseline.strength": "model.baseline.C",
}
"""Old dotted name of a setting or a section -> new name; a setting stays in its section."""
RENAMED_VALUES: dict[tuple[str, str], str] = {("robust_training.method", "self_teaching"): "consistency"}
"""Dotted name of a setting and an old value -> new value."""
RENAMED_CHOICES: dict[tuple[str, str], str] = {
    ("robust_training", "self_teaching"): "consistency",
    ("model", "charbert_nlm_start"): "explored/charbert_nlm_start",
    ("model", "charbert_hidden_subwords"): "explored/charbert_hidden_subwords",
    ("model", "charbert_trunk_start"): "explored/charbert_trunk_start",
    ("model", "charbert_warm_start"): "explored/charbert_warm_start",
    ("model", "charbert_warm_start_teacher"): "explored/charbert_warm_start_teacher",
    ("model", "charbert_unpretrained_warm_start"): "explored/charbert_unpretrained_warm_start",
}
"""Group of ``conf/`` and the old name of a choice -> new name."""


def refuse_renamed(overrides: Iterable[str]) -> None:
    """Check that a command line uses no old name.

    Args:
        overrides: in Hydra's syntax, e.g. ``["judging.bins=10"]``; a sweep (``model=a,b``) is checked value by value.

    Raises:
        ConfigCompositionException: with the new name.
    """
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        name = (override.key_or_group or "").split("@")[0]
        for old, new in RENAMED_SETTINGS.items():
            if f"{name}.".startswith(f"{old}."):
                renamed = new + name.removeprefix(old)
                raise ConfigCompositionException(f"{name} is called {renamed} now; write {renamed}=...")
        for value in _values(override):
            new_value = {**RENAMED_CHOICES, **RENAMED_VALUES}.get((name, value))
            if new_value is not None:
                raise ConfigCompositionException(f"{name}={value} is called {name}={new_value} now")


def _values(override: Override) -> Iterator[str]:
    if override.is_sweep_override():
        yield from override.sweep_string_iterator()
        return
    value = override.value()
    yield from map(str, value if isinstance(value, list) else [value])


def with_new_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of nested settings from an older record, under the current names."""
    plain = _copied(settings)
    for old, new in RENAMED_SETTINGS.items():
        holder, name = _holder(plain, old)
        if name in holder:
            holder[new.rpartition(".")[2]] = holder.pop(name)
    for (setting, old_value), new_value in RENAMED_VALUES.items():
        holder, name = _holder(plain, setting)
        if holder.get(name) == old_value:
            holder[name] = new_value
    return plain


def _copied(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in settings.items()}


def _holder(settings: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return the section that holds a setting, empty if there is none, and the setting's name in it."""
    *sections, name = path.split(".")
    for section in sections:
        inner = settings.get(section)
        settings = inner if isinstance(inner, dict) else {}
    return settings, name
