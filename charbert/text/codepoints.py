"""Code points of many texts in one array, their classes for alignment and word splitting, and upper and lower case."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Self

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
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the code points of ``texts``; lone surrogates are kept."""
        raw = "".join(texts).encode("utf-32-le", "surrogatepass")
        bounds = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
        return cls(np.frombuffer(raw, np.dtype("<u4")), bounds)


@cache
def _blanks() -> BoolArray:
    return _table(str.isspace, 0x3001)


@cache
def _continuing() -> BoolArray:
    return _table(is_continuation, 0x1E950)


def _table(holds: Callable[[str], bool], stop: int) -> BoolArray:
    """Return which code points below ``stop`` are in a class, and False for all others."""
    return np.array([holds(chr(code)) for code in range(stop)] + [False])


def is_continuation(character: str) -> bool:
    """Return whether a character belongs to the one before, see `continues_letter`."""
    return unicodedata.category(character) in ("Mn", "Mc") or "\u1161" <= character <= "\u11c2"


def is_blank(codes: IntArray) -> BoolArray:
    """Return which code points are white space, as ``str.isspace``."""
    return _blanks()[np.minimum(codes, len(_blanks()) - 1)]


def continues_letter(codes: IntArray) -> BoolArray:
    """Return which code points belong to the one before: marks (categories Mn, Mc), vowels and finals of Hangul.

    Normalizers of trunks strip them or compose them with the letter. The variation selectors of plane 14 are left out:
    they are not accents.
    """
    return _continuing()[np.minimum(codes, len(_continuing()) - 1)]


@cache
def mark_ranges() -> str:
    """Return all marks (categories Mn, Mc, Me) and joiners as the content of a regex character class."""
    codes = [c for c in range(0x300, 0x20000) if unicodedata.category(chr(c)).startswith("M")]
    codes = sorted([*codes, 0x200C, 0x200D, *range(0xE0100, 0xE01F0)])
    breaks = [0, *(i for i in range(1, len(codes)) if codes[i] != codes[i - 1] + 1), len(codes)]
    return "".join(f"{chr(codes[start])}-{chr(codes[stop - 1])}" for start, stop in pairwise(breaks))


def lower_case(text: str, *, dotless: bool = False) -> str:
    """Return a text in lower case.

    Args:
        text: any text. ``İ`` becomes ``i``: Python gives it a dot as a second character.
        dotless: whether ``I`` becomes ``ı``, as in Turkish.
    """
    if text.isascii() and not dotless:
        return text.lower()
    return (text.replace("I", "ı") if dotless else text).replace("İ", "i").lower()


def looked_up(text: str, *, dotless: bool = False) -> str:
    """Return a text as its words are counted and looked up: composed (NFC) and in lower case, see `lower_case`."""
    return lower_case(composed(text), dotless=dotless)


def composed(text: str) -> str:
    """Return a text in NFC: letters and their marks as one character where there is one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def upper_case(text: str, *, dotless: bool = False) -> str:
    """Return a text in upper case; with ``dotless`` ``i`` becomes ``İ``, as in Turkish."""
    return (text.replace("i", "İ") if dotless else text).upper()


def without_case(text: str) -> str:
    """Return a text for comparing: case-folded, and with one ``i`` for the four of Turkish."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


def has_dotless_i(counts: Mapping[str, int]) -> bool:
    """Return whether counted words are of a language with an ``ı``, as Turkish: one in twenty of them or more has it.

    Its upper-case form is ``I``, and ``i`` has ``İ``.
    """
    return 20 * sum(count for word, count in counts.items() if "ı" in word) >= sum(counts.values()) > 0


def lower_counts(counts: Mapping[str, int]) -> Counter[str]:
    """Return how often words occur as they are `looked_up`, from their counts in any case; see `has_dotless_i`."""
    total: Counter[str] = Counter()
    dotless = has_dotless_i(counts)
    for word, count in counts.items():
        total[looked_up(word, dotless=dotless)] += count
    return total


def capitalized_words(counts: Mapping[str, int], *, dotless: bool | None = None) -> set[str]:
    """Return the words, as they are `looked_up`, that begin with a capital in most of their occurrences.

    Args:
        counts: how often each word occurs, as it is written.
        dotless: see `lower_case`; None: told from the words.
    """
    dotless = has_dotless_i(counts) if dotless is None else dotless
    more_often: Counter[str] = Counter()
    for word, count in counts.items():
        more_often[looked_up(word, dotless=dotless)] += count if word[:1].isupper() else -count
    return {word for word, count in more_often.items() if count > 0}
