"""Documents to questions with answer spans, and to question and sentence pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from charbert.errors import SettingsError
from charbert.synthetic.draws import Draws
from charbert.synthetic.filling import FilledQuestion
from charbert.synthetic.generator import NewsDocument, NewsSentence

_TWIN_SHARE = 0.7


@dataclass(frozen=True)
class QuestionAnswer:
    """A question about a passage; without answers the passage does not tell."""

    id: str
    question: str
    context: str
    answers: tuple[str, ...]
    answer_starts: tuple[int, ...]
    """Where each answer starts in the context, in characters."""


@dataclass(frozen=True)
class PairExample:
    """A question and a sentence, and whether the sentence answers it."""

    question: str
    sentence: str
    answered: bool


def qa_examples(
    documents: Iterable[NewsDocument], rng: np.random.Generator, *, unanswerable_probability: float = 0.0
) -> Iterator[QuestionAnswer]:
    """Yield the questions that the passages answer, some of them turned into unanswerable ones.

    An unanswerable question asks what a sentence of the passage tells, but of other names: those
    of an earlier document in which the same was told of them.

    Args:
        documents: where passages come from.
        rng: decides which questions are unanswerable.
        unanswerable_probability: how likely a question is replaced by an unanswerable one, in [0, 1].

    Raises:
        SettingsError: if the probability is out of range.
    """
    if not 0 <= unanswerable_probability <= 1:
        raise SettingsError(f"unanswerable_probability must lie in [0, 1], got {unanswerable_probability}")
    return _questions(documents, Draws(rng), unanswerable_probability)


def pair_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[PairExample]:
    """Yield pairs, about half of them answered.

    A sentence that does not answer is either another one of the same document, or tells the same of other
    names; so neither the topic nor the pattern of a sentence gives the answer away.

    Args:
        documents: where questions and sentences come from.
        rng: decides which sentence a question meets.
    """
    draws = Draws(rng)
    twins: dict[str, NewsSentence] = {}
    for document in documents:
        for sentence in document.body:
            for question in sentence.questions:
                yield _pair(question, sentence, document, twins.get(sentence.template), draws)
        twins.update({sentence.template: sentence for sentence in document.body})


def _pair(
    question: FilledQuestion,
    sentence: NewsSentence,
    document: NewsDocument,
    twin: NewsSentence | None,
    draws: Draws,
) -> PairExample:
    answered = draws.uniform() < 0.5
    if not answered:
        start, end = sentence.mentions[question.answer]
        answer = " ".join(sentence.words[start:end])
        others = [other for other in document.body if answer not in " ".join(other.words)]
        if twin is not None and not _mentions_all(twin, question.names) and draws.uniform() < _TWIN_SHARE:
            others = [twin]
        if others:
            return PairExample(question.text, draws.pick(others).text, answered=False)
    return PairExample(question.text, sentence.text, answered=True)


def _questions(
    documents: Iterable[NewsDocument], draws: Draws, unanswerable_probability: float
) -> Iterator[QuestionAnswer]:
    foreign: dict[str, FilledQuestion] = {}
    for document in documents:
        passage, spans = document.passage()
        for number, sentence in enumerate(document.body):
            for rank, question in enumerate(sentence.questions):
                name = f"{document.topic}-{document.index}-{number}-{rank}"
                other = foreign.get(f"{sentence.template}-{rank}")
                unanswerable = draws.uniform() < unanswerable_probability
                if unanswerable and other and not all(text in passage for text in other.names):
                    yield QuestionAnswer(name, other.text, passage, (), ())
                    continue
                first, end = sentence.mentions[question.answer]
                start, stop = spans[number][first][0], spans[number][end - 1][1]
                yield QuestionAnswer(name, question.text, passage, (passage[start:stop],), (start,))
        for sentence in document.body:
            for rank, question in enumerate(sentence.questions):
                foreign[f"{sentence.template}-{rank}"] = question


def _mentions_all(sentence: NewsSentence, names: tuple[str, ...]) -> bool:
    text = " ".join(sentence.words)
    return all(name in text for name in names)
