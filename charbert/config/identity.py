"""Which settings identify a result, so that a setting that comes later leaves earlier results where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_LATER = "later"


def omit_default(default: T) -> T:
    """Declare a dataclass field that counts for a result's identity only where it is not at its default.

    For settings that joined after results had been recorded, with a default that changes nothing: those results keep
    their keys. ``field: float = later(0.0)``.
    """
    return field(default=default, metadata={_LATER: True})


def omit_default_section(factory: Callable[[], T]) -> T:
    """Declare a section of settings as `later` does a field."""
    return field(default_factory=factory, metadata={_LATER: True})


def identity_values(section: Any) -> dict[str, Any]:
    """Return a section's values by name, nested ones too, without later fields that are at their defaults."""
    return {
        setting.name: _identity_value(getattr(section, setting.name))
        for setting in fields(section)
        if _counts(section, setting)
    }


def changed_sections(settings: Any, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the `identity_values` of those sections that are not all at their defaults."""
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
