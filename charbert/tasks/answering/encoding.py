"""Questions and contexts to windows with the answer's place as labels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.data.readers.squad import Question
from charbert.errors import DataError, SettingsError
from charbert.tasks.encoded import take_feature
from charbert.text.codepoints import SourceText, continues_letter, is_continuation

CLS_POSITION = 0
"""Position of [CLS] of BERT and <s> of RoBERTa, whose span means no answer."""

IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class SpanWindow:
    """The T subwords of a feature, and their places in the context."""

    example: int
    offsets: IntArray
    """Start and end character of each subword in the context, (T, 2); -1 for what is not of the context. Marks that no
    subword covers, since the trunk's normalizer strips or composes them, belong to the one before."""
    owned: np.ndarray[Any, np.dtype[np.bool_]]
    """Subwords (T) that no other window shows with more context; an answer starts at one of these."""


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
    """Answers whose start in the file was wrong; the nearest occurrence of their text is taken."""


@dataclass(frozen=True)
class EncodedQuestions:
    """Features, one dict each, with the window that each of them covers."""

    features: list[dict[str, Any]]
    windows: list[SpanWindow]
    contexts: tuple[str, ...]
    """Context of each question, as it was."""
    report: SpanReport


def encode_questions(
    questions: Sequence[Question],
    processor: Processor,
    max_length: int,
    *,
    document_stride: int,
    max_question_length: int,
    batch_size: int = 500,
) -> EncodedQuestions:
    """Return windows of question and context, labeled with ``start_positions`` and ``end_positions`` ().

    The labels are the first and last subword of the first answer, or both that of [CLS] where the window does
    not hold the whole of it. Arrays are int32, since a training set of windows is large.

    Paper: Sec. 4.1 leaves the windows to the released script: 384 subwords, stride 128, questions of 64.
    Departure: a question takes at most half of the subwords, so that a short ``max_length`` still sees context.

    Args:
        processor: text to model inputs; called with many texts at once.
        max_length: most subwords of a window, special ones included.
        document_stride: subwords from the start of a window's context to that of the next.
        max_question_length: most subwords of a question.
        batch_size: questions in a call of ``processor``.

    Raises:
        DataError: if a question or context has no subword.
        SettingsError: if ``max_length`` leaves no subword for the context.
    """
    specials = _count_specials(processor)
    space = max_length - specials
    if space < 2:
        raise SettingsError(
            f"max_length must leave room for question and context beside {specials} special subwords, got {max_length}"
        )
    limit = min(max_question_length, space // 2)
    texts, lengths, cut = _cut_questions(questions, processor, limit)
    features: list[list[dict[str, Any]]] = [[] for _ in questions]
    windows: list[list[SpanWindow]] = [[] for _ in questions]
    for length, members in _by_length(lengths, batch_size):
        overlap = max(0, space - length - document_stride)  # contexts shorter than a stride: the windows just touch
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
            feature = {name: np.asarray(ids, dtype=np.int32) for name, ids in take_feature(encoding, row).items()}
            features[index].append({**feature, EXAMPLE_IDS: index})
            window = _window(index, encoding.sequence_ids(row), encoding["offset_mapping"][row])
            _extend_over_marks(window.offsets, questions[index].context)
            windows[index].append(window)
    return _finish(questions, features, windows, cut)


def _count_specials(processor: Processor) -> int:
    return list(processor(["a"], ["a"]).sequence_ids(0)).count(None)


def _cut_questions(questions: Sequence[Question], processor: Processor, limit: int) -> tuple[list[str], list[int], int]:
    """Return each question without what exceeds the limit, its number of subwords, and how many were cut."""
    texts = [question.question for question in questions]
    lengths = [0] * len(texts)
    cut: set[int] = set()
    pending = list(range(len(texts)))
    while pending:  # a cut text may fall into other subwords, so it is measured again
        encoding = processor([texts[index] for index in pending], add_special_tokens=False, return_offsets_mapping=True)
        again = []
        for index, ids, offsets in zip(pending, encoding["input_ids"], encoding["offset_mapping"], strict=True):
            lengths[index] = len(ids)
            if not ids or not questions[index].question.strip():  # byte-level subwords may be spaces
                where = questions[index].place or f"question {index}"
                raise DataError(f"{where}: expected a question with subwords, got {questions[index].question!r}")
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


def _window(example: int, sequence_ids: Sequence[int | None], offsets: Sequence[tuple[int, int]]) -> SpanWindow:
    in_context = np.array([part == 1 for part in sequence_ids])
    spans = np.where(in_context[:, None], np.asarray(offsets, dtype=np.int32), np.int32(-1))
    return SpanWindow(example, spans, in_context)


def _extend_over_marks(offsets: IntArray, context: str) -> None:
    if context.isascii() or not continues_letter(SourceText.of([context]).codes).any():
        return
    places = np.flatnonzero(offsets[:, 1] > offsets[:, 0])
    for place, following in zip(places, [*offsets[places[1:], 0], len(context)], strict=True):
        while offsets[place, 1] < following and is_continuation(context[offsets[place, 1]]):
            offsets[place, 1] += 1


def _finish(
    questions: Sequence[Question], features: list[list[dict[str, Any]]], windows: list[list[SpanWindow]], cut: int
) -> EncodedQuestions:
    """Put the windows in the order of the questions, assign subwords to windows, and add the labels."""
    unseen = 0
    for question, rows, covers in zip(questions, features, windows, strict=True):
        if not any(cover.owned.any() for cover in covers) or not question.context.strip():
            where = question.place or repr(question.question_id)
            raise DataError(f"{where}: expected a context with subwords, got {question.context!r}")
        labels = [_positions(question, cover) for cover in covers]
        unseen += bool(question.answers) and not any(start != CLS_POSITION for start, _ in labels)
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
        return CLS_POSITION, CLS_POSITION
    text = question.answers[0].text
    start = question.answers[0].start + len(text) - len(text.lstrip())  # white space has no subword
    end = start + len(text.strip())
    places = np.flatnonzero(window.owned)
    begins, ends = window.offsets[places].T
    if not len(places) or begins[0] > start or ends[-1] < end:
        return CLS_POSITION, CLS_POSITION
    touched = places[(begins < end) & (ends > start)]
    return (int(touched[0]), int(touched[-1])) if len(touched) else (CLS_POSITION, CLS_POSITION)


def _share_out(windows: Sequence[SpanWindow]) -> list[SpanWindow]:
    """Assign each subword of the context to the window with the most context on the subword's shorter side."""
    if len(windows) == 1:
        return list(windows)
    # by end: a byte-level tokenizer counts the space before a subword or not, as the window begins with it or not
    best: dict[int, tuple[float, int]] = {}
    for number, window in enumerate(windows):
        places = np.flatnonzero(window.owned)
        for rank, place in enumerate(places):
            # a longer window wins among equals, as in the scripts of BERT
            richness = min(rank, len(places) - rank - 1) + 0.01 * len(places)
            end = int(window.offsets[place, 1])
            if end not in best or richness > best[end][0]:
                best[end] = (richness, number)
    return [
        replace(window, owned=np.array([inside and best[end][1] == number for inside, end in _places(window)]))
        for number, window in enumerate(windows)
    ]


def _places(window: SpanWindow) -> Iterator[tuple[bool, int]]:
    """Yield whether each subword is of the context, and where it ends there."""
    return zip(window.owned.tolist(), window.offsets[:, 1].tolist(), strict=True)
