"""How easily a subword tokenizer loses a word: the statistics of Sec. 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.data.readers.conll import Tagged
from charbert.errors import DataError
from charbert.noise.edits import drop_character, pick

NOUN = "NN"
"""What the Penn Treebank tags of common and proper nouns begin with."""


@dataclass(frozen=True)
class Fragility:
    """What happens to nouns in a tokenizer; shares in [0, 1]."""

    nouns: int
    """Occurrences, not different nouns."""
    edited: int
    """Nouns of two or more characters: the others have nothing left once a character is gone."""
    split: float
    """Share of the nouns that become several subwords."""
    new_subwords: float
    """Share of the edited nouns that have no subword in common with what they were."""
    new_length: float
    """Share of the edited nouns that have another number of subwords than before."""


def find_nouns(sentences: Iterable[Tagged], source: str) -> list[str]:
    """Return the nouns of the sentences, as often as they occur.

    Args:
        sentences: with Penn Treebank parts of speech.
        source: named in the error.

    Raises:
        DataError: if no word is tagged as a noun.
    """
    nouns = [
        word
        for sentence in sentences
        for word, pos in zip(sentence.words, sentence.pos or (), strict=False)
        if pos.startswith(NOUN)
    ]
    if not nouns:
        raise DataError.at(
            source,
            None,
            expected=f"parts of speech that begin with {NOUN} (the second of four columns)",
            found="none",
            hint="choose data with parts of speech, as data=benchmarks",
        )
    return nouns


def measure_fragility(
    nouns: Sequence[str], subwords: Callable[[Sequence[str]], Sequence[Sequence[str]]], rng: np.random.Generator
) -> Fragility:
    """Return how many nouns are split, and what deleting one random character of each changes.

    Paper: Sec. 1: 28 %, 78 % and 77 % on the CoNLL-2003 development set with BERT's tokenizer, without more detail.
        Counted over occurrences and with any character deleted, the cased vocabulary gives 28.7, 76.0 and 76.8 %.

    Args:
        nouns: one or more words.
        subwords: gives the subwords of each of many words.
        rng: chooses the characters.
    """
    edited = [noun for noun in nouns if len(noun) > 1]
    draws = rng.random(len(edited)).tolist()
    damaged = [drop_character(noun, pick(draw, len(noun))) for noun, draw in zip(edited, draws, strict=True)]
    every = sorted({*nouns, *damaged})
    pieces = dict(zip(every, subwords(every), strict=True))
    pairs = [(pieces[noun], pieces[other]) for noun, other in zip(edited, damaged, strict=True)]
    return Fragility(
        nouns=len(nouns),
        edited=len(edited),
        split=sum(len(pieces[noun]) > 1 for noun in nouns) / len(nouns),
        new_subwords=sum(set(before).isdisjoint(after) for before, after in pairs) / max(1, len(pairs)),
        new_length=sum(len(before) != len(after) for before, after in pairs) / max(1, len(pairs)),
    )
