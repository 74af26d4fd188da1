"""Texts after repair, and where in the given texts their characters come from."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from charbert.text.codepoints import IntArray
from charbert.text.repair.disguises import hidden_places
from charbert.text.text_batch import TextBatch
from charbert.text.words import Span, replace_words, split_words

REPAIRS = ("token", "both", "first")
"""What a tokenizer corrects: all texts, for the token channel alone; all texts, for both channels; the first text
of each pair, as the question about a passage, or a text without a second one, for both channels."""
REPAIR_FILE = "charbert_dictionary.json"
"""Holds a `charbert.text.repair.correction.DictionaryCorrector`."""


class CorrectsWords(Protocol):
    """Replaces words of a sentence by the words that they probably stand for."""

    def correct_many(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the words of each sentence corrected, as many as there were."""


class Corrector(CorrectsWords, Protocol):
    """One that is saved with a model."""

    def save(self, folder: Path) -> None:
        """Write all that `correct_many` needs into a folder that exists."""


@dataclass(frozen=True)
class RepairedTexts:
    """The texts of a tokenizer's call after repair."""

    texts: TextBatch
    """In the form of the given ones."""
    origins: IntArray
    """For each place of each repaired text, its end among them, the place in the given text; (S + texts,), where text i
    begins at ``texts.source.bounds[i] + i``."""

    @classmethod
    def of(
        cls, given: TextBatch, corrector: Corrector, kept: Collection[str] = (), *, first_only: bool = False
    ) -> Self:
        """Return the given texts with their words corrected.

        Args:
            given: the texts.
            corrector: of their words.
            kept: what stays as it is wherever it stands in a text, in any case, such as ``[MASK]``.
            first_only: whether the second text of each pair stays as it is.
        """
        second = given.second or []
        corrected, unchanged = ([], second) if first_only else (second, [])
        repair = _repaired_words if given.is_split_into_words else _repaired_texts
        repaired, origins = repair([*given.first, *corrected], corrector, kept)
        units = chain.from_iterable(unchanged) if given.is_split_into_words else unchanged
        origins += [np.arange(len(unit) + 1) for unit in units]
        split = len(given.first)
        new_second = given.second if first_only or given.second is None else repaired[split:]
        texts = replace(given, first=repaired[:split], second=new_second)
        return cls(texts, np.concatenate(origins or [np.arange(1)]))

    def given_places(self, owners: IntArray, places: IntArray) -> IntArray:
        """Return where places of repaired texts are in the given ones.

        Args:
            owners: the text of each place, as of `TextBatch.owners`.
            places: in characters from the beginning of the repaired text.
        """
        found: IntArray = self.origins[self.texts.source.bounds[owners] + owners + places]
        return found

    def given_offsets(self, plain: Any) -> list[list[tuple[int, int]]]:
        """Return the offset mapping of an encoding of these texts, in the texts as they were given."""
        samples = plain.get("overflow_to_sample_mapping", range(len(plain["input_ids"])))
        rows = []
        for row, (sample, offsets) in enumerate(zip(samples, plain["offset_mapping"], strict=True)):
            second = np.array([sequence == 1 for sequence in plain.sequence_ids(row)])
            words = np.array([-1 if word is None else word for word in plain.word_ids(row)])
            owners = self.texts.owners(np.full(len(offsets), sample), second, words)
            begins, ends = (self.given_places(owners, side) for side in np.array(offsets).reshape(-1, 2).T)
            rows.append(list(zip(begins.tolist(), ends.tolist(), strict=True)))
        return rows


def _repaired_texts(
    texts: Sequence[str], corrector: Corrector, kept: Collection[str]
) -> tuple[list[Any], list[IntArray]]:
    """Return the texts with their words corrected, and where the places of each come from."""
    repaired, origins = [], []
    for text, (spans, words) in zip(texts, changed_words(texts, corrector, kept), strict=True):
        read, new_spans = replace_words(text, spans, words)
        repaired.append(read)
        origins.append(_origins(text, read, spans, new_spans))
    return repaired, origins


def _repaired_words(
    texts: Sequence[Sequence[str]], corrector: Corrector, kept: Collection[str]
) -> tuple[list[Any], list[IntArray]]:
    """Return the words of texts corrected, and where the places of each word come from."""
    keeps = _pattern(kept)
    read = [[word for word in words if not keeps.search(word)] for words in texts]
    new = iter(chain.from_iterable(corrector.correct_many(read)))
    corrected = [[word if keeps.search(word) else next(new) for word in words] for words in texts]
    pairs = zip(chain.from_iterable(texts), chain.from_iterable(corrected), strict=True)
    return corrected, [_word_origins(old, new) for old, new in pairs]


def changed_words(
    texts: Sequence[str], corrector: CorrectsWords, kept: Collection[str] = ()
) -> list[tuple[list[Span], list[str]]]:
    """Return, for each raw text, the places of the words that a corrector changes, and what they become.

    ``kept`` is as of `RepairedTexts.of`; the corrector does not see it.
    """
    keeps = _pattern(kept)
    spans = [_without(_visible_words(text), [match.span() for match in keeps.finditer(text)]) for text in texts]
    words = [[text[start:end] for start, end in cut] for text, cut in zip(texts, spans, strict=True)]
    changes = []
    for cut, old, new in zip(spans, words, corrector.correct_many(words), strict=True):
        places = [place for place, word in enumerate(new) if word != old[place]]
        changes.append(([cut[place] for place in places], [new[place] for place in places]))
    return changes


def _pattern(kept: Collection[str]) -> re.Pattern[str]:
    """Return what finds each of some strings, the longest first, in any case; without any nothing."""
    return re.compile("|".join(map(re.escape, sorted(kept, key=len, reverse=True))) or "(?!)", re.IGNORECASE)


def _without(spans: list[Span], kept: Sequence[Span]) -> list[Span]:
    """Return the spans that overlap none of the kept ones."""
    return [span for span in spans if not any(span[0] < end and start < span[1] for start, end in kept)]


def _visible_words(text: str) -> list[Span]:
    """Return the span of each word, those with invisible characters inside whole."""
    hidden = set(hidden_places(text))
    if not hidden:
        return split_words(text)
    places = [place for place in range(len(text)) if place not in hidden]
    words = split_words("".join(text[place] for place in places))
    return [(places[start], places[end - 1] + 1) for start, end in words]


def _origins(text: str, read: str, spans: Sequence[Span], new_spans: Sequence[Span]) -> IntArray:
    """Return the place in ``text`` of each place in ``read``, which differs in the spans only."""
    if not spans:
        return np.arange(len(text) + 1)
    origins = np.empty(len(read) + 1, np.int64)
    done, shift = 0, 0
    for (start, end), (new_start, new_end) in zip(spans, new_spans, strict=True):
        origins[done:new_start] = np.arange(done, new_start) + shift
        within = _word_origins(text[start:end], read[new_start:new_end])
        origins[new_start:new_end] = start + within[:-1]
        done, shift = new_end, end - new_end
    origins[done:] = np.arange(done, len(read) + 1) + shift
    return origins


def _word_origins(old: str, new: str) -> IntArray:
    """Return the place in ``old`` of each place in ``new`` and of its end, (len(new) + 1,).

    What the two words begin with in common is at its own place, and what follows is counted from the end.
    """
    if old == new:
        return np.arange(len(new) + 1)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    places = np.arange(len(new) + 1)
    return np.where(places <= same, places, np.maximum(places + len(old) - len(new), same))
