"""Code points of many texts in one array, and the classes of code points that alignment and words ask for."""

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
    """Many texts one after the other: text i is ``codes[bounds[i]:bounds[i + 1]]``.

    Shapes: S code points in all, n texts.
    """

    codes: IntArray
    """Code points, (S,) uint32."""
    bounds: IntArray
    """Where each text starts, and S at the end, (n + 1,) int64."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> SourceText:
        """Return the code points of ``texts``; lone surrogates are kept as they are."""
        raw = "".join(texts).encode("utf-32-le", "surrogatepass")
        bounds = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
        return cls(np.frombuffer(raw, np.dtype("<u4")), bounds)


@cache
def _class_table(wanted: str, stop: int) -> BoolArray:
    table = np.zeros(stop + 1, np.bool_)  # the last row stands for every code point from `stop` on
    for code in range(stop):
        char = chr(code)
        table[code] = char.isspace() if wanted == "blank" else unicodedata.category(char) == wanted
    return table


def _in_class(codes: IntArray, wanted: str, stop: int) -> BoolArray:
    return _class_table(wanted, stop)[np.minimum(codes, stop)]


def is_blank(codes: IntArray) -> BoolArray:
    """Return which code points are white space, as ``str.isspace`` has it."""
    return _in_class(codes, "blank", 0x3001)


def is_nonspacing_mark(codes: IntArray) -> BoolArray:
    """Return which code points are non-spacing marks (category Mn), the ones that uncased trunks strip.

    The variation selectors of plane 14 are left out: they carry no letter's accent.
    """
    return _in_class(codes, "Mn", 0x1E950)


@cache
def mark_ranges() -> str:
    """Return every mark (categories Mn, Mc, Me), with the joiners, as the inside of a regex character
    class."""
    codes = [c for c in range(0x300, 0x20000) if unicodedata.category(chr(c)).startswith("M")]
    codes = sorted([*codes, 0x200C, 0x200D, *range(0xE0100, 0xE01F0)])
    breaks = [0, *(i for i in range(1, len(codes)) if codes[i] != codes[i - 1] + 1), len(codes)]
    return "".join(f"{chr(codes[start])}-{chr(codes[stop - 1])}" for start, stop in pairwise(breaks))
