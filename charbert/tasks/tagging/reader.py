"""Raw texts to tagged spans with their places in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from charbert.batch import Processor
from charbert.data.readers.conll import TaggedSentence
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import OVERLAP, Output, Reader, TextInput, Usage, one_line
from charbert.tasks.tagging.encoding import EncodedTags, encode_tagged
from charbert.tasks.tagging.windows import overlapping_windows, stitch
from charbert.text.words import Span, split_words

_OUTSIDE = "O"
_UNKNOWN = {_OUTSIDE: 0}
"""Label ids of texts without tags."""

WordProbabilities = list[np.ndarray | None]
"""Probability of each tag (K) for each word; None for a word that the tokenizer turns into nothing."""


@dataclass(frozen=True)
class TaggedSpan:
    """An entity, or with tags that are no entities a single word."""

    type: str
    """As ``PER``; the whole tag where tags are no entities."""
    start: int
    """Index of its first character in the text."""
    end: int
    """Index behind its last character."""
    text: str
    score: float
    """Mean probability of its words' tags, in [0, 1]."""


@dataclass(frozen=True)
class SpansOutput(Output):
    """The tagged spans of a text, from left to right."""

    spans: tuple[TaggedSpan, ...]

    def readable(self, given: Mapping[str, Any]) -> str:
        """Return the text with its spans marked, as ``[Kraków LOC]``."""
        pieces, done = [], 0
        for span in self.spans:
            pieces += [given["text"][done : span.start], f"[{span.text} {span.type}]"]
            done = span.end
        return one_line("".join([*pieces, given["text"][done:]]))


@dataclass(frozen=True)
class SpanRule:
    """How tags of words make spans.

    Entities over IOB2 tags: as in conlleval, an I- that continues nothing begins an entity. Other tags, as parts of
    speech: a span for each word.
    """

    entities: bool

    @classmethod
    def of_labels(cls, labels: Sequence[str]) -> SpanRule:
        """Return the rule for a model's labels: entities where they are IOB2 with an O, else words."""
        return cls(_OUTSIDE in labels and all(label == _OUTSIDE or label[:2] in ("B-", "I-") for label in labels))

    def continues(self, tag: str) -> bool:
        """Return whether a tag belongs with the word before it, so that no window may end between them."""
        return self.entities and tag.startswith("I-")

    def joins(self, tag: str, before: str) -> bool:
        """Return whether a tag continues the span of the tag before it: an I- of the same type."""
        return self.continues(tag) and before != _OUTSIDE and tag[2:] == before[2:]

    def name(self, tag: str) -> str | None:
        """Return the type of a tag's span, None for no span."""
        if not self.entities:
            return tag
        return None if tag == _OUTSIDE else tag[2:]


@dataclass(frozen=True)
class _Origin:
    """What it takes to find the way back from features to texts."""

    texts: list[str]
    spans: list[list[Span]]
    """Of the words of each text."""
    pieces: list[tuple[int, int]]
    """Which text each encoded sentence comes from, and its first word there."""
    encoded: EncodedTags


class TagReader(Reader):
    """Encodes texts for a tagger, and decodes its logits to spans.

    A text with more subwords than ``usage.max_length`` is cut between words into windows that overlap by a quarter.
    The tags of the next window are taken from the place nearest to the middle of the overlap at which neither has an
    entity, so an entity is cut only if it is longer than the overlap.
    """

    def __init__(self, processor: Processor, labels: Sequence[str], usage: Usage) -> None:
        super().__init__(processor, labels, usage)
        self.rule = SpanRule.of_labels(labels)

    def encode(self, inputs: Sequence[TextInput]) -> Encoded:
        """Return features of the texts' words; a text without words has none."""
        texts = [text_input.text for text_input in inputs]
        spans = [split_words(text) for text in texts]
        words = [[text[start:end] for start, end in cut] for text, cut in zip(texts, spans, strict=True)]
        pieces = [(number, 0) for number, row in enumerate(words) if row]
        encoded = self._encode([words[number] for number, _ in pieces])
        if encoded.report.split_sentences:
            long = {window.sentence for window in encoded.windows if window.first_word > 0}
            pieces, sentences = self._cut([number for number, _ in pieces], words, long)
            encoded = self._encode(sentences)
        return Encoded(encoded.features, origin=_Origin(texts, spans, pieces, encoded))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[SpansOutput]:
        """Return the spans of each text."""
        origin: _Origin = encoded.origin
        rows = self.word_probabilities(logits, encoded)
        return [
            SpansOutput(tuple(self._spans(text, cut, row)))
            for text, cut, row in zip(origin.texts, origin.spans, rows, strict=True)
        ]

    def word_probabilities(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[WordProbabilities]:
        """Return the probabilities of the tags of each word of each text, windows put together."""
        origin: _Origin = encoded.origin
        parts: list[list[tuple[int, WordProbabilities]]] = [[] for _ in origin.texts]
        for row, window in zip(logits, origin.encoded.windows, strict=True):
            number, first = origin.pieces[window.sentence]
            probabilities = softmax(np.asarray(row, dtype=np.float64), axis=-1)
            window_probabilities: WordProbabilities = [
                None if at is None else probabilities[at] for at in window.positions
            ]
            parts[number].append((first + window.first_word, window_probabilities))
        return [stitch(part, self._continues) for part in parts]

    def _continues(self, probabilities: np.ndarray | None) -> bool:
        return probabilities is not None and self.rule.continues(self._tag(probabilities))

    def _tag(self, probabilities: np.ndarray) -> str:
        return self.labels[int(probabilities.argmax())]

    def _encode(self, sentences: Sequence[Sequence[str]]) -> EncodedTags:
        untagged = [TaggedSentence(tuple(words), (_OUTSIDE,) * len(words)) for words in sentences]
        return encode_tagged(untagged, self.processor, _UNKNOWN, self.usage.max_length)

    def _cut(
        self, numbers: Sequence[int], words: Sequence[Sequence[str]], long: set[int]
    ) -> tuple[list[tuple[int, int]], list[Sequence[str]]]:
        """Return the windows of the texts, and their words; ``long`` are those of ``numbers`` that need several."""
        pieces: list[tuple[int, int]] = []
        sentences: list[Sequence[str]] = []
        for sentence, number in enumerate(numbers):
            row = words[number]
            for first, end in self._windows(row) if sentence in long else [(0, len(row))]:
                pieces.append((number, first))
                sentences.append(row[first:end])
        return pieces, sentences

    def _windows(self, words: Sequence[str]) -> list[tuple[int, int]]:
        encoding: Any = self.processor([list(words)], is_split_into_words=True)
        word_ids = encoding.word_ids(0)
        counts = np.bincount([word for word in word_ids if word is not None], minlength=len(words)).tolist()
        room = self.usage.max_length - word_ids.count(None)
        return overlapping_windows(counts, room, int(room * OVERLAP))

    def _spans(self, text: str, cut: Sequence[Span], row: WordProbabilities) -> list[TaggedSpan]:
        groups: list[list[int]] = []
        before = _OUTSIDE
        for word, probabilities in enumerate(row):
            tag = _OUTSIDE if probabilities is None else self._tag(probabilities)
            if probabilities is not None and groups and self.rule.joins(tag, before):
                groups[-1].append(word)
            elif probabilities is not None and self.rule.name(tag) is not None:
                groups.append([word])
            before = tag
        return [self._span(text, cut, row, group) for group in groups]

    def _span(self, text: str, cut: Sequence[Span], row: WordProbabilities, words: Sequence[int]) -> TaggedSpan:
        start, end = cut[words[0]][0], cut[words[-1]][1]
        seen = [probabilities for word in words if (probabilities := row[word]) is not None]
        kind = self.rule.name(self._tag(seen[0]))
        assert kind is not None
        return TaggedSpan(
            kind, start, end, text[start:end], float(np.mean([distribution.max() for distribution in seen]))
        )
