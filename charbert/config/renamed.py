"""Old names of settings and of their values, and settings that were removed, which older records have."""

import copy
from collections.abc import Mapping
from typing import Any

RENAMED_SETTINGS: dict[str, str] = {
    "judging": "calibration",
    "compression.versions": "compression.eval_sets",
    "distillation.cell": "distillation.run",
    "model.baseline.strength": "model.baseline.C",
}
"""Old dotted name of a setting or a section -> new name; a setting stays in its section."""
RENAMED_VALUES: dict[tuple[str, str], str] = {("robust_training.method", "self_teaching"): "consistency"}
"""Dotted name of a setting and an old value -> new value."""
REMOVED_SETTINGS = ("analysis.correction.weight",)
"""Dotted names of settings that no code reads any more."""


def with_new_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of nested settings from an older record, under the current names, without removed ones."""
    plain = copy.deepcopy(dict(settings))
    for old, new in RENAMED_SETTINGS.items():
        holder, name = _holder(plain, old)
        if name in holder:
            holder[new.rpartition(".")[2]] = holder.pop(name)
    for (setting, old_value), new_value in RENAMED_VALUES.items():
        holder, name = _holder(plain, setting)
        if holder.get(name) == old_value:
            holder[name] = new_value
    for setting in REMOVED_SETTINGS:
        holder, name = _holder(plain, setting)
        holder.pop(name, None)
    return plain


def _holder(settings: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return the section that holds a setting, empty if there is none, and the setting's name in it."""
    *sections, name = path.split(".")
    for section in sections:
        inner = settings.get(section)
        settings = inner if isinstance(inner, dict) else {}
    return settings, name
