"""Letters beyond ASCII in lists and mappings of the command line.

Hydra's grammar takes them between quotation marks only, and in the keys of a mapping not at all. They are spelled in
ASCII while it parses.
"""

import re
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, QuotedString

_BEYOND = re.compile(r"[^\x00-\x7f]")
_SPELLED = re.compile(r"_codepoint_([0-9a-f]+)_")


def in_ascii(override: str) -> str:
    """Return an override whose value is a list or a mapping with its letters beyond ASCII spelled in ASCII."""
    name, sign, value = override.partition("=")
    if not value.startswith(("[", "{")):
        return override
    return name + sign + _BEYOND.sub(lambda letter: f"_codepoint_{ord(letter[0]):x}_", value)


def from_ascii(value: Any) -> Any:
    """Return what Hydra parsed, or a text, with the letters that `in_ascii` spelled."""
    if isinstance(value, str):
        return _SPELLED.sub(lambda spelled: chr(int(spelled[1], 16)), value)
    if isinstance(value, QuotedString):
        return replace(value, text=from_ascii(value.text))
    if isinstance(value, ChoiceSweep):
        return replace(value, list=from_ascii(value.list))
    if isinstance(value, list):
        return list(map(from_ascii, value))
    if isinstance(value, dict):
        return {from_ascii(key): from_ascii(entry) for key, entry in value.items()}
    return value
