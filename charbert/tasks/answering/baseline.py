"""Questions to answers by the n-grams that question and passage have in common."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from charbert.baselines.log_scores import log_shares
from charbert.baselines.ngram_features import fit_vectorizer
from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.data.readers.squad import Question
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.text.words import split_words

_SENTENCE = re.compile(r"[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*")
_LONGEST_ANSWER = 8
"""Most words of an answer."""


class _Best(NamedTuple):
    """The span of the sentence most similar to the question, its similarity, and its margin over the second one."""

    start: int
    end: int
    similarity: float = 0.0
    margin: float = 0.0


class OverlapAnswers:
    """Answers with words that the question does not have, from the sentence with the most n-grams in common with it.

    Candidates are runs of words without a word of the question; capitals and digits raise a run's score, distance from
    the question's words lowers it. A logistic regression on the training questions decides by the similarity of the
    best sentence whether there is an answer. With ``majority`` there is no similarity: the first sentence is taken,
    and a question has an answer if most training questions have one.

    Raises:
        DataError: if no n-gram is frequent enough.
    """

    def __init__(self, examples: Sequence[Question], settings: BaselineSettings, n_best: int) -> None:
        self._n_best = n_best
        self._vectorizer = None
        if settings.kind is BaselineKind.tfidf:
            contexts = list(dict.fromkeys(example.context for example in examples))
            sentences = [context[start:end] for context in contexts for start, end in split_sentences(context)]
            self._vectorizer = fit_vectorizer(settings, [*sentences, *(example.question for example in examples)])
        answered = [bool(example.answers) for example in examples]
        counts = [answered.count(False), answered.count(True)]
        self._log_odds = float(np.subtract(*log_shares(counts)))
        self._regression = None
        if self._vectorizer is not None and min(counts) > 0:
            features = np.array([[sentence.similarity, sentence.margin] for sentence in self._best_sentences(examples)])
            self._regression = LogisticRegression().fit(features, answered)

    def predict(self, examples: Sequence[Question]) -> list[SpanPrediction]:
        """Return the answers; the difference to no answer is in log odds."""
        best = self._best_sentences(examples)
        odds = np.full(len(examples), self._log_odds)
        if self._regression is not None and examples:
            odds = -self._regression.decision_function(
                np.array([[sentence.similarity, sentence.margin] for sentence in best])
            )
        return [
            SpanPrediction(tuple(self._candidates(example, sentence)), float(against))
            for example, sentence, against in zip(examples, best, odds, strict=True)
        ]

    def _best_sentences(self, examples: Sequence[Question]) -> list[_Best]:
        spans = {example.context: split_sentences(example.context) for example in examples}
        if self._vectorizer is None:
            return [_Best(*spans[example.context][0]) for example in examples]
        rows = {context: self._vectorizer.transform([context[a:b] for a, b in cut]) for context, cut in spans.items()}
        questions = self._vectorizer.transform([example.question for example in examples])
        best = []
        for example, question in zip(examples, questions, strict=True):
            shared = np.asarray((rows[example.context] @ question.T).todense()).ravel()
            order = np.argsort(-shared, kind="stable")
            second = float(shared[order[1]]) if len(order) > 1 else 0.0
            top = float(shared[order[0]])
            start, end = spans[example.context][order[0]]
            best.append(_Best(start, end, top, top - second))
        return best

    def _candidates(self, example: Question, best: _Best) -> list[SpanCandidate]:
        sentence = example.context[best.start : best.end]
        spans = split_words(sentence)
        asked = {example.question[start:end].lower() for start, end in split_words(example.question)}
        words = [sentence[start:end] for start, end in spans]
        shared = np.array([word.lower() in asked for word in words])
        ranked: dict[str, SpanCandidate] = {}
        for first, last in _runs(words, shared):
            start, end = spans[first][0] + best.start, spans[last][1] + best.start
            text = example.context[start:end]
            score = _attraction(words[first : last + 1], shared, first, last)
            if text not in ranked or ranked[text].score < score:
                ranked[text] = SpanCandidate(text, start, end, score)
        if not ranked:  # the question repeats the sentence
            text = sentence.strip() or example.context
            start = example.context.index(text)
            return [SpanCandidate(text, start, start + len(text), 0.0)]
        return sorted(ranked.values(), key=lambda candidate: -candidate.score)[: self._n_best]


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence starts and ends; a full stop inside a number or an abbreviation ends none."""
    spans = [(match.start(), match.end()) for match in _SENTENCE.finditer(text) if match.group().strip()]
    return spans or [(0, len(text))]


def _runs(words: Sequence[str], shared: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and last word of runs that have no word of the question and no punctuation at their ends."""
    runs = []
    for first in range(len(words)):
        for last in range(first, min(len(words), first + _LONGEST_ANSWER)):
            if shared[last]:
                break
            if words[first][0].isalnum() and words[last][-1].isalnum():
                runs.append((first, last))
    return runs


def _attraction(words: Sequence[str], shared: np.ndarray, first: int, last: int) -> float:
    telling = sum(word[0].isupper() or word[0].isdigit() for word in words)
    places = np.flatnonzero(shared)
    away = float(np.minimum(abs(places - first), abs(places - last)).min()) if len(places) else 0.0
    return 2.0 * telling - 1.0 * (len(words) - telling) - 0.1 * away
