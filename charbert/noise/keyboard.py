"""Keyboard typos: the neighboring keys of each key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

KEY_NEIGHBORS: Mapping[str, str] = MappingProxyType(
    {
        "a": "qswxz",
        "b": "ghnv",
        "c": "dfvx",
        "d": "cefrsvx",
        "e": "dfrsw",
        "f": "cdgrtv",
        "g": "bfhtvy",
        "h": "bgjnuy",
        "i": "jklou",
        "j": "hmnu",
        "k": ",ijlmo",
        "l": "kop",
        "m": "jkn",
        "n": "bhjm",
        "o": "iklp",
        "p": "lo",
        "q": "asw",
        "r": "defgt",
        "s": "acdewxz",
        "t": "fghry",
        "u": "hijky",
        "v": "bcfg",
        "w": "adeqs",
        "x": "csz",
        "y": "ghjtu",
        "z": "asx",
    }
)
"""Neighbors of each lower-case letter, drawn uniformly, as observed in 5,237 keyboard typos of the authors' attacked
CoNLL-2003 test set. Unlike in the grid of Pruthi et al. (2019), diagonal neighbors count, and k may become a comma."""


def key_neighbors(character: str) -> str:
    """Return the characters that may replace ``character``, for either case; empty for all but a-z and A-Z."""
    return KEY_NEIGHBORS.get(character.lower(), "")
