"""Ensembles: several models' predictions on the same examples combined by means of scores or a vote.

M members, D decisions between K labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from charbert.config.calibration import Rule
from charbert.errors import DataError
from charbert.evaluation.robustness import SetPredictions
from charbert.metrics.calibration import probabilities_of
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.task import Task

_TIE_BREAK = 1e-3
"""Weight of the members' mean probabilities relative to a vote: below one vote of a thousand."""
_NEVER = 1e-12
"""Probability of an answer that is not among a member's best."""


def combine(task: Task[Any, Any], members: Sequence[SetPredictions], rule: Rule) -> SetPredictions:
    """Return the combined predictions of the members; their order does not matter.

    Args:
        members: the predictions of each on the same examples, with scores unless the task is question answering.

    Raises:
        DataError: if there is no member, or they do not predict the same examples.
    """
    if len({len(member.predictions) for member in members}) != 1:
        raise DataError(
            f"an ensemble needs members with as many predictions each, got "
            f"{[len(member.predictions) for member in members]}"
        )
    if isinstance(task, QuestionAnsweringTask):
        rows = zip(*(member.predictions for member in members), strict=True)
        n_best, no_answers = task.spans.n_best, task.spans.no_answers
        answers = [combine_answers(row, rule, n_best=n_best, no_answers=no_answers) for row in rows]
        return SetPredictions(answers, scores=task.answerability(answers))
    if any(member.scores is None for member in members):
        raise DataError("an ensemble needs the scores of its members, one of them has stored none")
    examples = zip(*(member.scores or [] for member in members), strict=True)
    scores = [combine_scores(np.stack(example), rule) for example in examples]
    return SetPredictions(task.decide(scores), scores=scores)


def combine_scores(logits: np.ndarray, rule: Rule) -> np.ndarray:
    """Return one score for each label of each decision, (D, K), whose softmax is the ensemble's probability.

    Args:
        logits: of the members, (M, D, K); rows of NaN, of members without a decision, are left out.
        rule: mean_logits; or mean_probabilities, in logs; or majority, the logs of the shares of votes, where a draw
            goes to the label with the higher mean probability.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if rule is Rule.mean_logits:
        return _mean(logits)
    probabilities = probabilities_of(logits)
    shares = _mean(probabilities)
    if rule is Rule.majority:
        votes = np.eye(logits.shape[-1])[np.where(np.isnan(logits), -np.inf, logits).argmax(axis=-1)]
        votes[np.isnan(logits).any(axis=-1)] = np.nan
        shares = (_mean(votes) + _TIE_BREAK * shares) / (1 + _TIE_BREAK)
    return np.asarray(np.log(np.maximum(shares, _NEVER)))


def combine_answers(
    predictions: Sequence[SpanPrediction], rule: Rule, *, n_best: int, no_answers: bool
) -> SpanPrediction:
    """Return the members' combined answer to one question.

    Only the best answers of each member are stored. With mean_logits a missing answer gets the score of the member's
    last one; with the other rules its probability is zero.

    Args:
        rule: as for `combine_scores`; with majority a vote may also be for no answer.
        no_answers: whether a question may have no answer.
    """
    every = [candidate for member in predictions for candidate in member.candidates]
    texts: dict[str, SpanCandidate] = {}
    for candidate in sorted(every, key=lambda each: (-each.score, each.start, each.end)):
        texts.setdefault(candidate.text, candidate)  # of equally good ones the first in the context
    rows = np.array([_answer_scores(member, list(texts)) for member in predictions])  # (M, texts + 1), no answer last
    if rule is not Rule.mean_logits:
        known = np.array(
            [[text in {candidate.text for candidate in member.candidates} for text in texts] for member in predictions]
        )
        rows = np.where(np.hstack([known, np.full((len(rows), 1), no_answers)]), rows, np.log(_NEVER))
        rows = rows - logsumexp(rows, axis=1, keepdims=True)
    scores = combine_scores(rows[:, None], rule)[0]
    ranked = sorted(zip(texts.values(), scores, strict=False), key=lambda pair: -pair[1])[:n_best]
    candidates = tuple(
        SpanCandidate(candidate.text, candidate.start, candidate.end, float(score)) for candidate, score in ranked
    )
    return SpanPrediction(candidates, float(scores[-1]) - candidates[0].score)


def _answer_scores(member: SpanPrediction, texts: Sequence[str]) -> list[float]:
    """Return a member's score of each text and, last, of no answer."""
    scores = {candidate.text: candidate.score for candidate in member.candidates}
    least = min(scores.values())
    return [*(scores.get(text, least) for text in texts), member.candidates[0].score + member.null_difference]


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over members with a row, (D, K); NaN where there is none."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
