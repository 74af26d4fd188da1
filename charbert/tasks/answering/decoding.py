"""Start and end logits to answers cut from the context."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charbert.errors import DataError
from charbert.tasks.answering.encoding import CLS_POSITION, EncodedQuestions, SpanWindow
from charbert.tasks.encoded import check_logits


@dataclass(frozen=True)
class SpanCandidate:
    """A possible answer, the text of characters ``start`` to ``end`` of the context; ``score`` in logits."""

    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class SpanPrediction:
    """The best answers to a question, and how much the model would rather give none."""

    candidates: tuple[SpanCandidate, ...]
    """Best first, no text twice; never empty."""
    null_difference: float
    """Score of no answer less that of the best answer, in logits; above a threshold, there is no answer."""

    @property
    def text(self) -> str:
        """The best answer, never empty."""
        return self.candidates[0].text


def decode_spans(
    logits: Sequence[np.ndarray], encoded: EncodedQuestions, *, n_best: int, max_answer_length: int
) -> list[SpanPrediction]:
    """Return the best answers to every question, cut from its original context.

    Paper: Sec. 3.6, the span at [CLS] scores no answer; of several windows the one least sure of it counts.
    Departure: all spans up to the length limit compete, not those of the ``n_best`` best starts and ends
    alone, so that every question has an answer to compare with none.

    Args:
        logits: start and end logits of each feature, (T, 2) or longer where padded, in the features' order.
        encoded: what `encode_questions` returned.
        max_answer_length: most subwords of an answer.

    Raises:
        DataError: if there are not as many logits as features, or one is too short.
    """
    check_logits(logits, [len(window.owned) for window in encoded.windows], 2)
    spans: list[list[SpanCandidate]] = [[] for _ in encoded.contexts]
    null_scores = np.full(len(encoded.contexts), np.inf)
    for row, window in zip(logits, encoded.windows, strict=True):
        scores = np.asarray(row[: len(window.owned)], dtype=np.float64)
        null_scores[window.example] = min(null_scores[window.example], scores[CLS_POSITION].sum())
        context = encoded.contexts[window.example]
        spans[window.example] += _best_spans(scores, window, context, n_best, max_answer_length)
    return [
        _prediction(candidates, float(null_score), n_best)
        for candidates, null_score in zip(spans, null_scores, strict=True)
    ]


def _best_spans(
    scores: np.ndarray, window: SpanWindow, context: str, n_best: int, max_answer_length: int
) -> list[SpanCandidate]:
    """Return the best spans of one window, at most ``n_best``."""
    starts = np.flatnonzero(window.owned)
    ends = starts[:, None] + np.arange(max_answer_length)  # (starts, lengths)
    inside = ends < len(scores)
    ends = np.where(inside, ends, 0)
    inside &= window.offsets[ends, 0] >= 0
    totals = np.where(inside, scores[starts, 0][:, None] + scores[ends, 1], -np.inf).ravel()
    # twice as many as asked for: different subwords may give the same text
    kept = np.argsort(-totals, kind="stable")[: 2 * n_best]
    candidates = []
    for flat in kept[np.isfinite(totals[kept])]:
        row, length = divmod(int(flat), max_answer_length)
        start, end = int(window.offsets[starts[row], 0]), int(window.offsets[ends[row, length], 1])
        start += len(context[start:end]) - len(context[start:end].lstrip())
        end = start + len(context[start:end].rstrip())
        if end > start:
            candidates.append(SpanCandidate(context[start:end], start, end, float(totals[flat])))
    return candidates


def _prediction(candidates: list[SpanCandidate], null_score: float, n_best: int) -> SpanPrediction:
    ranked = sorted(candidates, key=lambda candidate: -candidate.score)
    if not ranked:
        raise DataError("expected a possible answer to every question, one has no finite score; did training diverge?")
    unique = {candidate.text: candidate for candidate in reversed(ranked)}
    best = [candidate for candidate in ranked if unique[candidate.text] is candidate][:n_best]
    return SpanPrediction(tuple(best), null_score - best[0].score)
