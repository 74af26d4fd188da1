"""Predicted answers to scores: over all questions, and of each question alone."""

from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from charbert.data.readers.squad import Question
from charbert.metrics.no_answer_threshold import apply_no_answer_threshold, best_no_answer_thresholds
from charbert.metrics.spans import answer_f1, span_scores
from charbert.tasks.answering.decoding import SpanPrediction

Questions = Sequence[Question]
Answers = Sequence[SpanPrediction]
"""One for each question."""


def question_scores(examples: Questions, predictions: Answers, *, no_answers: bool) -> dict[str, float]:
    """Return exact match and F1.

    Without unanswerable questions: ``exact`` and ``f1``. With them: ``exact_at_zero`` and ``f1_at_zero``, where no
    answer is given when it scores higher than every answer, each also for questions with (``answerable_``) and
    ``unanswerable_accuracy_at_zero`` for those without answer; ``best_exact`` and ``best_f1`` at the thresholds best
    for these examples, ``best_exact_threshold`` and ``best_f1_threshold`` (in logits, the only values that are no
    shares).

    Args:
        no_answers: whether a question may have no answer.
    """
    answers = right_answers(examples)
    texts = _texts(examples, predictions)
    if not no_answers:
        plain = span_scores(texts, answers)
        return {"exact": plain.exact, "f1": plain.f1}
    differences = _differences(examples, predictions)
    zero = span_scores(apply_no_answer_threshold(texts, differences, 0.0), answers)
    exact, f1 = best_no_answer_thresholds(texts, answers, differences)
    return {
        "exact_at_zero": zero.exact,
        "f1_at_zero": zero.f1,
        "answerable_exact_at_zero": zero.answerable_exact,
        "answerable_f1_at_zero": zero.answerable_f1,
        "unanswerable_accuracy_at_zero": zero.unanswerable_accuracy,
        "best_exact": exact.score,
        "best_exact_threshold": exact.threshold,
        "best_f1": f1.score,
        "best_f1_threshold": f1.threshold,
    }


def given_answers(examples: Questions, predictions: Answers, metric: str, *, no_answers: bool) -> dict[str, str]:
    """Return the answer to each question by its id, empty for none.

    Args:
        metric: of `question_scores`; a ``best_`` one decides at the threshold that is best for it.
        no_answers: whether a question may have no answer.
    """
    texts = _texts(examples, predictions)
    if not no_answers:
        return texts
    threshold = 0.0
    if metric.startswith("best_"):
        threshold = question_scores(examples, predictions, no_answers=True)[f"{metric}_threshold"]
    return apply_no_answer_threshold(texts, _differences(examples, predictions), threshold)


def expected_scores(examples: Questions, predictions: Answers, *, no_answers: bool) -> np.ndarray:
    """Return the F1 of each question's answer, and the F1 expected under the probabilities of the best, (N, 2).

    With ``no_answers`` none is given where it scores higher than every answer.
    """
    rows = []
    for question, prediction in zip(examples, predictions, strict=True):
        right = [answer.text for answer in question.answers]
        texts = [candidate.text for candidate in prediction.candidates]
        scores = [candidate.score for candidate in prediction.candidates]
        if no_answers:
            texts.append("")
            scores.append(scores[0] + prediction.null_difference)
        values = np.array([answer_f1(text, right) for text in texts])
        rows.append((values[np.argmax(scores)], values @ softmax(scores)))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def right_answers(examples: Questions) -> dict[str, list[str]]:
    """Return the right answers to each question by its id, none for one without."""
    return {question.question_id: [answer.text for answer in question.answers] for question in examples}


def _texts(examples: Questions, predictions: Answers) -> dict[str, str]:
    return {question.question_id: prediction.text for question, prediction in zip(examples, predictions, strict=True)}


def _differences(examples: Questions, predictions: Answers) -> dict[str, float]:
    pairs = zip(examples, predictions, strict=True)
    return {question.question_id: prediction.null_difference for question, prediction in pairs}
