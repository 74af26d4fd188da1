"""Exact match and F1 of predicted answers, as SQuAD defines them."""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.errors import DataError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class SpanScores:
    """Exact match and F1 in [0, 1], over all questions and over those with and without an answer.

    The score of a part without questions is 0.
    """

    exact: float
    f1: float
    answerable_exact: float
    answerable_f1: float
    unanswerable_accuracy: float


def normalize_answer(text: str) -> str:
    """Return the text in lower case, without ASCII punctuation, articles and extra white space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """Return 1 if the prediction equals one of the answers after normalization, else 0.

    Without answers the question is unanswerable and only an empty prediction is right.

    >>> exact_match("The harbor!", ["harbor"])
    1.0
    """
    text = normalize_answer(prediction)
    return float(any(text == normalize_answer(answer) for answer in _usable(answers)))


def answer_f1(prediction: str, answers: Sequence[str]) -> float:
    """Return the best F1 in [0, 1] between the words of the prediction and of one of the answers.

    Without answers, or for an empty prediction, it is 1 if both are empty, else 0.

    >>> answer_f1("in the old harbor", ["the old port", "old harbor"])
    0.8
    """
    return max(_word_f1(prediction, answer) for answer in _usable(answers))


def span_scores(predictions: Mapping[str, str], answers: Mapping[str, Sequence[str]]) -> SpanScores:
    """Return the scores of predicted answers.

    Args:
        predictions: predicted answer of each question, empty for no answer.
        answers: right answers of each question, empty for an unanswerable one.

    Raises:
        DataError: if there is no question, or one has no prediction.
    """
    exact, f1, answerable = per_question_scores(predictions, answers)
    return SpanScores(
        exact=float(exact.mean()),
        f1=float(f1.mean()),
        answerable_exact=_mean(exact[answerable]),
        answerable_f1=_mean(f1[answerable]),
        unanswerable_accuracy=_mean(exact[~answerable]),
    )


def _usable(answers: Sequence[str]) -> list[str]:
    """Return the answers that are not empty after normalization, or the empty answer."""
    return [answer for answer in answers if normalize_answer(answer)] or [""]


def _word_f1(prediction: str, answer: str) -> float:
    words, answer_words = normalize_answer(prediction).split(), normalize_answer(answer).split()
    if not words or not answer_words:
        return float(words == answer_words)
    shared = (Counter(words) & Counter(answer_words)).total()
    return 2 * shared / (len(words) + len(answer_words))


def per_question_scores(
    predictions: Mapping[str, str], answers: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return exact match, F1 and whether there is an answer for each question, (questions,) each.

    Raises:
        DataError: if there is no question, or one has no prediction.
    """
    if not answers:
        raise DataError("expected at least one question to score, got none")
    missing = [name for name in answers if name not in predictions]
    if missing:
        raise DataError(f"expected a prediction for every question, {missing[0]!r} has none")
    exact = np.array([exact_match(predictions[name], right) for name, right in answers.items()])
    f1 = np.array([answer_f1(predictions[name], right) for name, right in answers.items()])
    return exact, f1, np.array([_usable(right) != [""] for right in answers.values()])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
