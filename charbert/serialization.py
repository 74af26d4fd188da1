"""Settings and results as JSON types, the key of settings, and strict parsing of JSON."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, NoReturn

import numpy as np

from charbert.errors import RecordError
from charbert.files import shorten_path

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def parse_strictly(text: str) -> Any:
    """Return the value of a JSON text, strictly by the standard.

    Raises:
        ValueError: also for NaN and infinities, numbers outside the range of a float, a key that an object has twice,
            half surrogate pairs, and nesting that is too deep; a JSONDecodeError for wrong syntax.
    """
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_small,
            object_pairs_hook=_with_each_key_once,
        )
        if _HALF_PAIR.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair (\\ud800 to \\udfff), which is not a character") from None
    return value


def read_json(path: Path, expected: str, again: str, *, lines: bool = False) -> Any:
    """Return the value in a JSON file that a run has stored.

    Args:
        expected: what the file holds, for the error.
        again: what makes the file again, for the error.
        lines: a list with the value of each line, in place of one value.

    Raises:
        RecordError: if the file is missing or damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.split("\n") if line] if lines else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        found = error.strerror if isinstance(error, OSError) else error
        raise RecordError(f"{path}: expected {expected} in JSON, got {found}; {again}") from error


def settings_key(settings: Mapping[str, Any]) -> str:
    """Return 12 hex digits that depend on the settings' values and not on their order.

    Args:
        settings: nested; may contain paths, enums, dataclasses, tuples and NumPy numbers.

    Raises:
        RecordError: for a value that JSON cannot hold, naming the setting.
    """
    text = json.dumps(json_value(settings, "settings"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def json_value(value: Any, where: str) -> Any:
    """Return ``value`` as JSON types; numbers that JSON does not have (nan, inf) become strings.

    Raises:
        RecordError: for a value that JSON cannot hold; ``where`` names its root in the message.
    """
    match value:
        case Enum():
            return value.value if isinstance(value.value, str) else value.name
        case None | bool() | str():
            return value
        case np.generic() | np.ndarray():
            return json_value(value.tolist(), where)
        case float():
            return value if math.isfinite(value) else repr(value)
        case int():
            return int(value)
        case PurePath():
            return value.as_posix()
        case Mapping():
            plain = {str(json_value(key, where)): json_value(child, f"{where}.{key}") for key, child in value.items()}
            if len(plain) != len(value):
                raise RecordError(f"{where}: two keys are the same once written as text, got {list(value)}")
            return plain
        case list() | tuple():
            return [json_value(child, f"{where}[{index}]") for index, child in enumerate(value)]
        case set() | frozenset():
            return sorted((json_value(child, where) for child in value), key=repr)
    if is_dataclass(value) and not isinstance(value, type):
        return json_value(asdict(value), where)
    raise RecordError(
        f"{where}: expected text, a number, a list or a mapping, got {type(value).__name__}; "
        "convert it before it goes into a record"
    )


def shareable(value: Any, where: str = "settings") -> Any:
    """Return ``value`` as JSON types, with every absolute path in it shortened, see `shorten_path`.

    Raises:
        RecordError: for a value that JSON cannot hold; ``where`` names its root in the message.
    """
    return _shortened(json_value(value, where))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        short: dict[str, Any] = {}
        for key, child in value.items():
            name = _shortened(key)
            while name in short:  # two paths with the same last parts
                name += "'"
            short[name] = _shortened(child)
        return short
    if isinstance(value, list):
        return [_shortened(child) for child in value]
    if isinstance(value, str) and "\n" not in value:
        path = PurePath(value)
        return shorten_path(path) if path.is_absolute() and len(path.parts) > 2 else value
    return value


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a key that stands twice, json would silently take the last value."""
    content = dict(pairs)
    if len(content) < len(pairs):
        repeated = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {_beginning(repeated)!r} more than once in one object")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is no JSON number")


def _finite(literal: str) -> float:
    value = float(literal)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"the number {_beginning(literal)}, which is too large")
    return value


def _small(literal: str) -> int:
    if len(literal) > 20:  # more than 64 bits
        raise ValueError(f"the number {_beginning(literal)}, which is too large")
    return int(literal)


def _beginning(literal: str) -> str:
    return literal if len(literal) < 24 else f"{literal[:20]}..."
