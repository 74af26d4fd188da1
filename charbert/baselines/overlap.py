"""How much of each text of a pair is found in the other one, by words that share most of their character n-grams."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

import numpy as np

_WORD = re.compile(r"\w+")
_FOUND = 0.5


def shared_characters(first: str, second: str, ngrams: tuple[int, int]) -> np.ndarray:
    """Return the share of each text's characters that are in words found in the other one, (2,), in [0, 1].

    Words are runs of letters and digits, in lower case. A word is found in a text if its Dice coefficient with one of
    the text's words is at least 0.5: twice the common n-grams through the n-grams of both, a blank at either end
    counted as a character. Of bigrams, that admits one edit in a word of four letters and more in longer ones.

    Args:
        ngrams: lengths of the shortest and the longest n-gram.
    """
    words = [dict.fromkeys(_WORD.findall(text.lower())) for text in (first, second)]
    grams = [[_ngrams(word, *ngrams) for word in side] for side in words]
    return np.array([_found_share(words[side], grams[side], grams[1 - side]) for side in (0, 1)])


def _found_share(words: dict[str, None], own: list[frozenset[str]], other: list[frozenset[str]]) -> float:
    found = sum(
        len(word)
        for word, grams in zip(words, own, strict=True)
        if any(_dice(grams, candidate) >= _FOUND for candidate in other)
    )
    return found / (sum(map(len, words)) or 1)


def _dice(first: AbstractSet[str], second: AbstractSet[str]) -> float:
    return 2 * len(first & second) / (len(first) + len(second))


@lru_cache(maxsize=2**17)
def _ngrams(word: str, shortest: int, longest: int) -> frozenset[str]:
    padded = f" {word} "
    lengths = range(min(shortest, len(padded)), min(longest, len(padded)) + 1)
    return frozenset(padded[at : at + length] for length in lengths for at in range(len(padded) - length + 1))
