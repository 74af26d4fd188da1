"""Accuracy and error rates of a word recognizer."""

import numpy as np

from charbert.errors import DataError


def recognition_scores(labels: np.ndarray, predicted: np.ndarray, unknown_id: int, ignored: int) -> dict[str, float]:
    """Return word_accuracy and word_error_rate over all labeled words, and over those of the vocabulary.

    A word outside the vocabulary counts as right if it is predicted as unknown, as in Pruthi et al. (2019).

    Args:
        predicted: predicted labels, same shape.
        unknown_id: label of words outside the vocabulary.
        ignored: label of positions that are left out.

    Raises:
        DataError: if all positions are left out.
    """
    counted = labels != ignored
    if not counted.any():
        raise DataError("word recognition: expected at least one labeled word, got none")
    right = (labels == predicted)[counted]
    known = (labels != unknown_id)[counted]
    accuracy = float(right.mean())
    scores = {"word_accuracy": accuracy, "word_error_rate": 1 - accuracy}
    if known.any():
        scores["known_word_error_rate"] = 1 - float(right[known].mean())
    return scores
