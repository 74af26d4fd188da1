"""Questions and contexts to windows, and logits back to answers cut from the context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.data.readers.squad import Question
from charbert.errors import DataError, SettingsError

_NOT_FEATURES = ("offset_mapping", "special_tokens_mask", "overflow_to_sample_mapping", "length")
_CLS = 0  # where the sequence begins: [CLS] of BERT, <s> of RoBERTa

IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class SpanWindow:
    """What a feature covers: T subwords, where those of the context stand in it."""

    example: int
    offsets: IntArray
    """Start and end character of each subword in the context, (T, 2); -1 for what is not of the context."""
    owned: np.ndarray[Any, np.dtype[np.bool_]]
    """Subwords (T) that have no window with more context around them; an answer starts at one of these."""


@dataclass(frozen=True)
class SpanReport:
    """What happened to questions and answers."""

    examples: int
    features: int
    cut_questions: int
    """Questions longer than the limit; only their beginning is seen."""
    split_contexts: int
    """Contexts spread over several windows."""
    unseen_answers: int
    """First answers that no window holds whole; they are trained as unanswerable."""
    moved_answers: int
    """Answers whose start in the file was wrong; taken where their text stands nearest."""


@dataclass(frozen=True)
class EncodedQuestions:
    """Features, one dict each, with the window that each of them covers."""

    features: list[dict[str, Any]]
    windows: list[SpanWindow]
    contexts: tuple[str, ...]
    """Context of each question, as it was."""
    report: SpanReport


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


def encode_questions(
    questions: Sequence[Question],
    processor: Processor,
    max_length: int,
    *,
    document_stride: int,
    max_question_length: int,
    batch_size: int = 500,
) -> EncodedQuestions:
    """Return windows of question and context, labelled with ``start_positions`` and ``end_positions`` ().

    The labels are the first and last subword of the first answer, or both that of [CLS] where the window does
    not hold the whole of it. Arrays are int32, since a training set of windows is large.

    Paper: Sec. 4.1 leaves the windows to the released script: 384 subwords, stride 128, questions of 64.
    Departure: a question takes at most half of the room, so that a short ``max_length`` still sees context.

    Args:
        questions: questions with their contexts and answers.
        processor: text to model inputs; called with many texts at once.
        max_length: most subwords of a window, special ones included.
        document_stride: subwords from the start of a window's context to that of the next.
        max_question_length: most subwords of a question.
        batch_size: questions in a call of ``processor``.

    Raises:
        DataError: if a question or context has no subword.
        SettingsError: if ``max_length`` leaves no room for the context.
    """
    specials = _count_specials(processor)
    room = max_length - specials
    if room < 2:
        raise SettingsError(
            f"max_length must leave room for question and context beside {specials} special subwords, "
            f"got {max_length}"
        )
    limit = min(max_question_length, room // 2)
    texts, lengths, cut = _cut_questions(questions, processor, limit)
    features: list[list[dict[str, Any]]] = [[] for _ in questions]
    windows: list[list[SpanWindow]] = [[] for _ in questions]
    for length, members in _by_length(lengths, batch_size):
        context_room = room - length
        overlap = max(0, context_room - document_stride)  # less room than a stride: the windows just touch
        encoding = processor(
            [texts[index] for index in members],
            [questions[index].context for index in members],
            truncation="only_second",
            max_length=max_length,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for row, sample in enumerate(encoding["overflow_to_sample_mapping"]):
            index = members[sample]
            feature = {
                name: np.asarray(values[row], dtype=np.int32)
                for name, values in encoding.items()
                if name not in _NOT_FEATURES
            }
            features[index].append({**feature, EXAMPLE_IDS: index})
            windows[index].append(_window(index, encoding.sequence_ids(row), encoding["offset_mapping"][row]))
    return _finish(questions, features, windows, cut)


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
        n_best: answers kept for each question.
        max_answer_length: most subwords of an answer.

    Raises:
        DataError: if there are not as many logits as features, or one is too short.
    """
    if len(logits) != len(encoded.windows):
        raise DataError(
            f"expected logits for {len(encoded.windows)} features, got {len(logits)}; "
            "was the last batch dropped?"
        )
    found: list[list[SpanCandidate]] = [[] for _ in encoded.contexts]
    null_scores = np.full(len(encoded.contexts), np.inf)
    for number, (row, window) in enumerate(zip(logits, encoded.windows, strict=True)):
        size = len(window.owned)
        if row.ndim != 2 or row.shape[1] != 2 or len(row) < size:
            raise DataError(
                f"prediction {number}: expected logits of shape ({size}, 2), got {row.shape}; "
                "are these the predictions of this encoding?"
            )
        scores = np.asarray(row[:size], dtype=np.float64)
        null_scores[window.example] = min(null_scores[window.example], scores[_CLS].sum())
        context = encoded.contexts[window.example]
        found[window.example] += _best_spans(scores, window, context, n_best, max_answer_length)
    return [
        _prediction(candidates, float(null_score), n_best)
        for candidates, null_score in zip(found, null_scores, strict=True)
    ]


def _count_specials(processor: Processor) -> int:
    return list(processor(["a"], ["a"]).sequence_ids(0)).count(None)


def _cut_questions(
    questions: Sequence[Question], processor: Processor, limit: int
) -> tuple[list[str], list[int], int]:
    """Return each question without what exceeds the limit, its number of subwords, and how many were cut."""
    texts = [question.question for question in questions]
    lengths = [0] * len(texts)
    cut: set[int] = set()
    pending = list(range(len(texts)))
    while pending:  # a cut text may fall into other subwords, so it is measured again
        encoding = processor(
            [texts[index] for index in pending], add_special_tokens=False, return_offsets_mapping=True
        )
        again = []
        for index, ids, offsets in zip(
            pending, encoding["input_ids"], encoding["offset_mapping"], strict=True
        ):
            lengths[index] = len(ids)
            if not ids:
                where = questions[index].place or f"question {index}"
                raise DataError(
                    f"{where}: expected a question with subwords, got {questions[index].question!r}"
                )
            if len(ids) > limit:
                end = min(offsets[limit - 1][1], len(texts[index]) - 1)
                texts[index] = texts[index][:end]
                again.append(index)
        cut |= set(again)
        pending = again
    return texts, lengths, len(cut)


def _by_length(lengths: Sequence[int], batch_size: int) -> Iterator[tuple[int, list[int]]]:
    """Yield batches of questions of one length: the tokenizer takes one overlap a call."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        groups[length].append(index)
    for length, members in sorted(groups.items()):
        for start in range(0, len(members), batch_size):
            yield length, members[start : start + batch_size]


def _window(
    example: int, sequence_ids: Sequence[int | None], offsets: Sequence[tuple[int, int]]
) -> SpanWindow:
    in_context = np.array([part == 1 for part in sequence_ids])
    spans = np.where(in_context[:, None], np.asarray(offsets, dtype=np.int32), np.int32(-1))
    return SpanWindow(example, spans, in_context)


def _finish(
    questions: Sequence[Question],
    features: list[list[dict[str, Any]]],
    windows: list[list[SpanWindow]],
    cut: int,
) -> EncodedQuestions:
    """Put the windows in the order of the questions, give subwords to windows, and add the labels."""
    unseen = 0
    for question, rows, covers in zip(questions, features, windows, strict=True):
        if not any(cover.owned.any() for cover in covers):
            where = question.place or repr(question.question_id)
            raise DataError(f"{where}: expected a context with subwords, got {question.context!r}")
        labels = [_positions(question, cover) for cover in covers]
        unseen += bool(question.answers) and not any(start != _CLS for start, _ in labels)
        for row, (start, end) in zip(rows, labels, strict=True):
            row |= {"start_positions": start, "end_positions": end}
        covers[:] = _share_out(covers)
    flat = [row for rows in features for row in rows]
    report = SpanReport(
        examples=len(questions),
        features=len(flat),
        cut_questions=cut,
        split_contexts=sum(len(rows) > 1 for rows in features),
        unseen_answers=unseen,
        moved_answers=sum(answer.moved for question in questions for answer in question.answers),
    )
    contexts = tuple(question.context for question in questions)
    return EncodedQuestions(flat, [cover for covers in windows for cover in covers], contexts, report)


def _positions(question: Question, window: SpanWindow) -> tuple[int, int]:
    """Return first and last subword of the first answer, or [CLS] twice if the window lacks a part of it."""
    if not question.answers:
        return _CLS, _CLS
    start = question.answers[0].start
    end = start + len(question.answers[0].text)
    places = np.flatnonzero(window.owned)
    begins, ends = window.offsets[places].T
    if not len(places) or begins[0] > start or ends[-1] < end:
        return _CLS, _CLS
    touched = places[(begins < end) & (ends > start)]
    return (int(touched[0]), int(touched[-1])) if len(touched) else (_CLS, _CLS)


def _share_out(windows: Sequence[SpanWindow]) -> list[SpanWindow]:
    """Give each subword of the context to the window where it has most context on its poorer side."""
    if len(windows) == 1:
        return list(windows)
    best: dict[tuple[int, int], tuple[float, int]] = {}
    for number, window in enumerate(windows):
        places = np.flatnonzero(window.owned)
        for rank, place in enumerate(places):
            # a longer window wins among equals, as in the scripts of BERT
            richness = min(rank, len(places) - rank - 1) + 0.01 * len(places)
            key = (int(window.offsets[place, 0]), int(window.offsets[place, 1]))
            if key not in best or richness > best[key][0]:
                best[key] = (richness, number)
    shared = []
    for number, window in enumerate(windows):
        mine = [
            bool(inside) and best[int(start), int(end)][1] == number
            for inside, (start, end) in zip(window.owned, window.offsets, strict=True)
        ]
        shared.append(SpanWindow(window.example, window.offsets, np.array(mine)))
    return shared


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
        raise DataError(
            "expected a possible answer to every question, one has no finite score; did training diverge?"
        )
    unique: Mapping[str, SpanCandidate] = {candidate.text: candidate for candidate in reversed(ranked)}
    best = [candidate for candidate in ranked if unique[candidate.text] is candidate][:n_best]
    return SpanPrediction(tuple(best), null_score - best[0].score)
