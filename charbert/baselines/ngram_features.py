"""Texts to sparse rows of TF-IDF weighted n-grams, of words or of characters inside words."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from charbert.config.model.classical import BaselineSettings, Units
from charbert.errors import DataError


def build_vectorizer(settings: BaselineSettings, rows: int) -> TfidfVectorizer:
    """Return a vectorizer that has not seen text yet.

    Words are runs of letters and digits, and every other character, in lower case. Characters are taken inside words,
    with a blank at either end, so that a prefix is not an infix.

    Args:
        rows: texts that it will be fitted on; of few, every n-gram counts.
    """
    of_words = settings.units is Units.word
    return TfidfVectorizer(
        analyzer="word" if of_words else "char_wb",
        token_pattern=r"(?u)\w+|[^\w\s]" if of_words else None,
        ngram_range=(settings.ngrams[0], settings.ngrams[1]),
        min_df=min(settings.min_count, max(1, rows // 10)),
        max_features=settings.max_features,
        sublinear_tf=True,
    )


def fit_vectorizer(settings: BaselineSettings, texts: Sequence[str]) -> TfidfVectorizer:
    """Return a vectorizer that knows the n-grams of the texts.

    Raises:
        DataError: if no n-gram is left.
    """
    vectorizer = build_vectorizer(settings, len(texts))
    try:
        vectorizer.fit(texts)
    except ValueError as error:
        raise DataError(
            f"model.baseline: no n-gram of the {len(texts)} training texts is left ({error}); "
            "lower model.baseline.min_count"
        ) from error
    return vectorizer


def cosine_rows(first: csr_matrix, second: csr_matrix) -> csr_matrix:
    """Return the cosine of each row with the other side's, (N, 1); rows have length 1 or 0."""
    return csr_matrix(first.multiply(second).sum(axis=1))


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
