"""Code points of many texts in one array, and the classes of code points for alignment and word splitting."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class SourceText:
    """Many texts, concatenated: text i is ``codes[bounds[i]:bounds[i + 1]]``.

    Shapes: S code points in all, n texts.
    """

    codes: IntArray
    """Code points, (S,) uint32."""
    bounds: IntArray
    """Start of each text, and S at the end, (n + 1,) int64."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> SourceText:
        """Return the code points of ``texts``; lone surrogates are kept."""
        raw = "".join(texts).encode("utf-32-le", "surrogatepass")
        bounds = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
        return cls(np.frombuffer(raw, np.dtype("<u4")), bounds)


@cache
def _class_table(wanted: str, stop: int) -> BoolArray:
    table = np.zeros(stop + 1, np.bool_)  # the last row is for all code points from `stop` on
    for code in range(stop):
        char = chr(code)
        table[code] = char.isspace() if wanted == "blank" else unicodedata.category(char) == wanted
    return table


def _in_class(codes: IntArray, wanted: str, stop: int) -> BoolArray:
    return _class_table(wanted, stop)[np.minimum(codes, stop)]


def is_blank(codes: IntArray) -> BoolArray:
    """Return which code points are white space, as ``str.isspace``."""
    return _in_class(codes, "blank", 0x3001)


def is_nonspacing_mark(codes: IntArray) -> BoolArray:
    """Return which code points are non-spacing marks (category Mn), which uncased trunks strip.

    The variation selectors of plane 14 are left out: they are not accents.
    """
    return _in_class(codes, "Mn", 0x1E950)


@cache
def mark_ranges() -> str:
    """Return all marks (categories Mn, Mc, Me) and joiners as the content of a regex character class."""
    codes = [c for c in range(0x300, 0x20000) if unicodedata.category(chr(c)).startswith("M")]
    codes = sorted([*codes, 0x200C, 0x200D, *range(0xE0100, 0xE01F0)])
    breaks = [0, *(i for i in range(1, len(codes)) if codes[i] != codes[i - 1] + 1), len(codes)]
    return "".join(f"{chr(codes[start])}-{chr(codes[stop - 1])}" for start, stop in pairwise(breaks))
