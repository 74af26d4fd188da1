"""Raw texts to tagged spans with their places in the text."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy.special import softmax

from charbert.batch import Processor
from charbert.data.readers.conll import TaggedSentence
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import OVERLAP, Output, Reader, TextInput, Usage, one_line
from charbert.tasks.tagging.encoding import EncodedTags, encode_tagged, subword_counts
from charbert.text.repair.repaired import Corrector
from charbert.text.word_rule import WordRule
from charbert.text.words import Span

_OUTSIDE = "O"
_UNKNOWN = {_OUTSIDE: 0}
"""Label ids of texts without tags."""

TaggedWord = tuple[str, float] | None
"""The most likely tag of a word and its probability; None for a word without a subword."""


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
        text = given["text"] if given.get("words") is None else " ".join(given["words"])
        pieces, done = [], 0
        for span in self.spans:
            pieces += [text[done : span.start], f"[{span.text} {span.type}]"]
            done = span.end
        return one_line("".join([*pieces, text[done:]]))


@dataclass(frozen=True)
class TagsOutput(SpansOutput):
    """The same for a text that is given as words; places count in the words with a space between them."""

    tags: tuple[str, ...]
    """The tag of each word."""


@dataclass(frozen=True)
class _Origin:
    """The texts that features come from."""

    inputs: list[TextInput]
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

    Tags of IOB2 make entities: as in conlleval, an I- that continues nothing begins one. Of other tags, as parts of
    speech, each word is a span.
    """

    def __init__(
        self, processor: Processor, labels: Sequence[str], usage: Usage, corrector: Corrector | None = None
    ) -> None:
        super().__init__(processor, labels, usage, corrector)
        self.tags_entities = _OUTSIDE in labels and all(tag == _OUTSIDE or tag[:2] in ("B-", "I-") for tag in labels)
        self.words = WordRule.of(usage.words)

    def encode(self, inputs: Sequence[TextInput]) -> Encoded:
        """Return features of the texts' words; a text without words has none."""
        spans = [
            self.words.spans(given.text) if given.words is None else list(_places(given.words)) for given in inputs
        ]
        words = [[given.text[start:end] for start, end in cut] for given, cut in zip(inputs, spans, strict=True)]
        if self.corrector is not None:
            words = self.corrector.correct_many(words)
        pieces = [(number, 0, own) for number, own in enumerate(words) if own]
        encoded = self._encode([own for _, _, own in pieces])
        long = {window.sentence for window in encoded.windows if window.first_word > 0}
        if long:
            pieces = [
                (number, first, own[first:end])
                for sentence, (number, _, own) in enumerate(pieces)
                for first, end in (self._windows(own) if sentence in long else [(0, len(own))])
            ]
            encoded = self._encode([own for _, _, own in pieces])
        origins = [(number, first) for number, first, _ in pieces]
        return Encoded(encoded.features, origin=_Origin(list(inputs), spans, origins, encoded))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[SpansOutput]:
        """Return the spans of each text."""
        origin: _Origin = encoded.origin
        parts: list[list[tuple[int, list[TaggedWord]]]] = [[] for _ in origin.inputs]
        for row, window in zip(logits, origin.encoded.windows, strict=True):
            number, first = origin.pieces[window.sentence]
            shares = softmax(np.asarray(row, dtype=np.float64), axis=-1)
            words = [
                None if at is None else (self.labels[int(shares[at].argmax())], float(shares[at].max()))
                for at in window.positions
            ]
            parts[number].append((first + window.first_word, words))
        outputs = []
        for given, cut, part in zip(origin.inputs, origin.spans, parts, strict=True):
            tagged = stitch(part, self._continues)
            spans = tuple(self._spans(given.text, cut, tagged))
            silent = self._silent_tag(tagged)
            tags = (word[0] if word else silent for word in tagged)
            outputs.append(SpansOutput(spans) if given.words is None else TagsOutput(spans, tuple(tags)))
        return outputs

    def _silent_tag(self, words: Sequence[TaggedWord]) -> str:
        """Return the tag of a text's words without a subword: ``O``, else the text's most frequent tag."""
        if _OUTSIDE in self.labels:
            return _OUTSIDE
        tags = Counter(word[0] for word in words if word)
        return tags.most_common(1)[0][0] if tags else self.labels[0]

    def _continues(self, word: TaggedWord) -> bool:
        """Return whether a word belongs with the one before it, so that no window may end between them."""
        return self.tags_entities and word is not None and word[0].startswith("I-")

    def _encode(self, sentences: Sequence[Sequence[str]]) -> EncodedTags:
        untagged = [TaggedSentence(tuple(words), (_OUTSIDE,) * len(words)) for words in sentences]
        return encode_tagged(untagged, self.processor, _UNKNOWN, self.usage.max_length)

    def _windows(self, words: Sequence[str]) -> list[tuple[int, int]]:
        encoding: Any = self.processor([list(words)], is_split_into_words=True)
        counts, specials = subword_counts(encoding.word_ids(0), len(words))
        space = self.usage.max_length - specials
        return overlapping_windows(counts, space, int(space * OVERLAP))

    def _spans(self, text: str, cut: Sequence[Span], words: Sequence[TaggedWord]) -> Iterator[TaggedSpan]:
        groups: list[list[tuple[int, str, float]]] = []
        before = _OUTSIDE
        for number, word in enumerate(words):
            tag, score = word or (_OUTSIDE, 0.0)
            if groups and self._continues(word) and before != _OUTSIDE and tag[2:] == before[2:]:
                groups[-1].append((number, tag, score))
            elif word and not (self.tags_entities and tag == _OUTSIDE):
                groups.append([(number, tag, score)])
            before = tag
        for group in groups:
            start, end = cut[group[0][0]][0], cut[group[-1][0]][1]
            score = float(np.mean([score for _, _, score in group]))
            kind = group[0][1][2:] if self.tags_entities else group[0][1]
            yield TaggedSpan(kind, start, end, text[start:end], score)


def _places(words: Sequence[str]) -> Iterator[Span]:
    """Yield the span of each word in the words with a space between them."""
    start = 0
    for word in words:
        yield start, start + len(word)
        start += len(word) + 1


T = TypeVar("T")


def overlapping_windows(counts: Sequence[int], space: int, overlap: int) -> list[tuple[int, int]]:
    """Return spans of words that cover all of them, each as long as possible.

    A word with more than ``space`` subwords is a window of its own.

    Args:
        counts: subwords of each word, one word or more.
        space: most subwords of a window.
        overlap: most subwords that a window has in common with the one before it; less than ``space``.
    """
    windows: list[tuple[int, int]] = []
    start = end = 0
    while end < len(counts):
        used, first_end = 0, end
        end = start
        while end < len(counts) and (end == start or used + counts[end] <= space):
            used += counts[end]
            end += 1
        if end <= first_end and windows:  # the next word does not fit beside the overlap
            start, end = first_end, first_end
            continue
        windows.append((start, end))
        shared, start = 0, end
        while start > windows[-1][0] + 1 and shared + counts[start - 1] <= overlap:
            start -= 1
            shared += counts[start]
    return windows


def stitch(windows: Sequence[tuple[int, Sequence[T]]], continues: Callable[[T], bool]) -> list[T]:
    """Return one value for each word from windows that overlap.

    The next window takes over where, nearest to the middle of what both hold, neither has a word that belongs with
    the one before it; if there is no such place, in the middle.

    Args:
        windows: first word of each and its values, in order, without gaps.
        continues: whether a value belongs with the one before it.
    """
    joined: list[T] = []
    for first, values in windows:
        shared = len(joined) - first
        at = _takeover(joined[first:], values[:shared], values[shared:], continues)
        joined[first + at :] = values[at:]
    return joined


def _takeover(old: Sequence[T], new: Sequence[T], rest: Sequence[T], continues: Callable[[T], bool]) -> int:
    """Return how many of the shared words keep the old window's values."""
    shared = len(old)
    if not shared:
        return 0
    follows = [*new, *rest[:1]]
    safe = [
        at
        for at in range(shared + 1)
        if not (at < shared and continues(old[at])) and not (at < len(follows) and continues(follows[at]))
    ]
    return min(safe, key=lambda at: abs(2 * at - shared), default=shared // 2)
