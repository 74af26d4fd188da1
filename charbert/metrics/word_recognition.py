"""How often a word recogniser is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charbert.errors import DataError


def word_error_rate(gold: Sequence[Sequence[str]], words: Sequence[Sequence[str]]) -> float:
    """Return the share of words that differ from ``gold``, in [0, 1], case not counted.

    Words stand one for one, so nothing can be inserted or left out.

    Raises:
        DataError: if a sentence has another number of words, or there are none.
    """
    if [len(sentence) for sentence in gold] != [len(sentence) for sentence in words]:
        raise DataError("word error rate: expected sentences of as many words as the gold ones")
    pairs = [pair for both in zip(gold, words, strict=True) for pair in zip(*both, strict=True)]
    if not pairs:
        raise DataError("word error rate: expected at least one word, got none")
    return sum(right.lower() != predicted_word.lower() for right, predicted_word in pairs) / len(pairs)


def recognition_scores(labels: np.ndarray, predicted: np.ndarray, unknown_id: int, ignored: int) -> dict[str, float]:
    """Return word_accuracy and word_error_rate over all labelled words, and over those of the vocabulary.

    A word outside the vocabulary counts as right when it is taken for unknown, as in Pruthi et al. (2019).

    Args:
        labels: gold labels of any shape.
        predicted: predicted labels, same shape.
        unknown_id: label of words outside the vocabulary.
        ignored: label of positions that do not count.

    Raises:
        DataError: if no position counts.
    """
    counted = labels != ignored
    if not counted.any():
        raise DataError("word recognition: expected at least one labelled word, got none")
    right = (labels == predicted)[counted]
    known = (labels != unknown_id)[counted]
    accuracy = float(right.mean())
    scores = {"word_accuracy": accuracy, "word_error_rate": 1 - accuracy}
    if known.any():
        scores["known_word_error_rate"] = 1 - float(right[known].mean())
    return scores
