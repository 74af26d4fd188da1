"""How typos change the subwords of nouns: the statistics of Sec. 1."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.data.readers.conll import TaggedSentence
from charbert.errors import DataError
from charbert.noise.edits import Edit, apply_edit, pick

NOUN = "NN"
"""Prefix of the Penn Treebank tags of common and proper nouns."""


@dataclass(frozen=True)
class Fragility:
    """How a tokenizer splits nouns, with and without a typo; shares in [0, 1]."""

    nouns: int
    """Number of occurrences, not of different nouns."""
    edited: int
    """Number of nouns of two or more characters; shorter ones would be empty after the deletion."""
    split: float
    """Share of the nouns with several subwords."""
    new_subwords: float
    """Share of the edited nouns that have no subword in common with the original."""
    new_length: float
    """Share of the edited nouns with another number of subwords than the original."""


def find_nouns(sentences: Iterable[TaggedSentence], source: str) -> list[str]:
    """Return all occurrences of nouns in the sentences.

    Args:
        sentences: with Penn Treebank parts of speech.

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
    """Return how many nouns are split, and how the deletion of one random character changes their subwords.

    Paper: Sec. 1: 28 %, 78 % and 77 % on the CoNLL-2003 development set with BERT's tokenizer, without more detail.
        Counted over occurrences and with any character deleted, the cased vocabulary gives 28.7, 76.0 and 76.8 %.

    Args:
        nouns: one or more words.
        subwords: returns the subwords of each word.
    """
    edited = [noun for noun in nouns if len(noun) > 1]
    draws = rng.random(len(edited)).tolist()
    damaged = [apply_edit(Edit.drop, noun, pick(draw, len(noun))) for noun, draw in zip(edited, draws, strict=True)]
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
