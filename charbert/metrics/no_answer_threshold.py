"""The no-answer threshold of SQuAD 2.0: above it a question gets the empty answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.errors import DataError
from charbert.metrics.spans import per_question_scores


@dataclass(frozen=True)
class NoAnswerThreshold:
    """A question with a no-answer score above ``threshold`` gets the empty answer; ``score`` in [0, 1]."""

    threshold: float
    score: float


def best_no_answer_thresholds(
    predictions: Mapping[str, str], answers: Mapping[str, Sequence[str]], no_answer_scores: Mapping[str, float]
) -> tuple[NoAnswerThreshold, NoAnswerThreshold]:
    """Return the thresholds that are best for exact match and for F1.

    Paper: Sec. 3.6, the threshold of SQuAD 2.0 is searched on the development set.
    Departure: questions with equal no-answer scores are on the same side of a threshold, so that the returned score is
    the one at the threshold; the official search counts them one by one.

    Args:
        predictions: best non-empty answer to each question.
        answers: right answers of each question, empty for an unanswerable one.
        no_answer_scores: higher where the model predicts no answer, on any scale.

    Raises:
        DataError: if there is no question, or one lacks its prediction or score.
    """
    exact, f1, answerable = per_question_scores(predictions, answers)
    missing = [name for name in answers if name not in no_answer_scores]
    if missing:
        raise DataError(f"expected a no-answer score for every question, {missing[0]!r} has none")
    scores = np.array([no_answer_scores[name] for name in answers], dtype=np.float64)
    return _best_threshold(exact, answerable, scores), _best_threshold(f1, answerable, scores)


def apply_no_answer_threshold(
    predictions: Mapping[str, str], no_answer_scores: Mapping[str, float], threshold: float
) -> dict[str, str]:
    """Return the predictions, empty where the no-answer score is above the threshold."""
    return {name: "" if no_answer_scores[name] > threshold else prediction for name, prediction in predictions.items()}


def _best_threshold(values: np.ndarray, answerable: np.ndarray, scores: np.ndarray) -> NoAnswerThreshold:
    """Return the best threshold: at or below it a question keeps its answer, above it the answer is emptied."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    kept = np.concatenate([[0.0], np.cumsum(values[order])])
    emptied = np.concatenate([np.cumsum((~answerable[order])[::-1])[::-1], [0]])
    totals = (kept + emptied) / len(values)  # (questions + 1): the first i questions keep their answers
    reachable = np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    best = int(np.argmax(np.where(reachable, totals, -1.0)))
    threshold = ranked[best - 1] if best else np.nextafter(ranked[0], -np.inf)
    return NoAnswerThreshold(float(threshold), float(totals[best]))
