"""Which settings identify a result. A setting added later does not change the keys of earlier results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_LATER = "later"


def omit_default(default: T) -> T:
    """Declare a dataclass field that is part of a result's identity only if it differs from its default.

    For settings added after results were recorded, with a default that keeps the old behavior: those results keep
    their keys. ``field: float = later(0.0)``.
    """
    return field(default=default, metadata={_LATER: True})


def omit_default_section(factory: Callable[[], T]) -> T:
    """Declare a section of settings as `later` does a field."""
    return field(default_factory=factory, metadata={_LATER: True})


def identity_values(section: Any) -> dict[str, Any]:
    """Return a section's values by name, nested ones included, without `later` fields at their defaults."""
    return {
        setting.name: _identity_value(getattr(section, setting.name))
        for setting in fields(section)
        if _counts(section, setting)
    }


def changed_sections(settings: Any, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the `identity_values` of the sections that differ from their defaults."""
    sections = {name: getattr(settings, name) for name in names}
    return {name: identity_values(section) for name, section in sections.items() if section != type(section)()}


def _counts(section: Any, setting: Field[Any]) -> bool:
    if not setting.metadata.get(_LATER):
        return True
    default = setting.default_factory() if setting.default_factory is not MISSING else setting.default
    return bool(getattr(section, setting.name) != default)


def _identity_value(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return identity_values(value)
    if isinstance(value, dict):
        return {name: _identity_value(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_identity_value(entry) for entry in value]
    return value
