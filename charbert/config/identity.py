"""Which settings identify a result. A setting added later does not change the keys of earlier results."""

from collections.abc import Callable
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_OMIT = "omit_default"


def omit_default(default: T) -> T:
    """Declare a dataclass field that is part of a result's identity only if it differs from its default.

    For settings added after results were recorded, with a default that keeps the old behavior: those results keep
    their keys. ``field: float = omit_default(0.0)``.
    """
    return field(default=default, metadata={_OMIT: True})


def omit_default_section(factory: Callable[[], T]) -> T:
    """Declare a section of settings as `omit_default` does a field."""
    return field(default_factory=factory, metadata={_OMIT: True})


def identity_values(section: Any) -> dict[str, Any]:
    """Return a section's values by name, nested ones included, without `omit_default` fields at their defaults."""
    return {
        setting.name: _identity_value(getattr(section, setting.name))
        for setting in fields(section)
        if _counts(section, setting)
    }


def _counts(section: Any, setting: Field[Any]) -> bool:
    if not setting.metadata.get(_OMIT):
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
