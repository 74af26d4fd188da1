"""Texts to sparse rows of TF-IDF weighted n-grams, of words or of characters inside words."""

from __future__ import annotations

from collections.abc import Sequence

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
