"""A text after noise: which of its words were changed, and which word each of its subwords belongs to."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from charbert.noise.edits import NoiseModel
from charbert.text.codepoints import IntArray
from charbert.text.rows import exclusive_cumsum
from charbert.text.words import replace_words, split_words

NO_WORD = -1
"""Word of a subword that belongs to none."""


class NoisedText(NamedTuple):
    """A text, as it was or after noise, and its words; W of them, as many after noise as before."""

    text: str
    begins: IntArray
    """First character of each word, (W,)."""
    ends: IntArray
    """One past the last, (W,)."""
    originals: dict[int, str]
    """What each noised word was, by its index."""


def clean_text(text: str) -> NoisedText:
    """Return a text without noise, and its words."""
    spans = split_words(text)
    places = np.fromiter(chain.from_iterable(spans), np.int64, 2 * len(spans)).reshape(-1, 2)
    return NoisedText(text, places[:, 0], places[:, 1], {})


def add_noise(clean: NoisedText, noise: NoiseModel, rng: np.random.Generator) -> NoisedText:
    """Return a clean text with some of its words noised."""
    text, begins, ends, _ = clean
    spans = list(zip(begins.tolist(), ends.tolist(), strict=True))
    edits = noise.corrupt([text[start:end] for start, end in spans], rng).edits
    growth = np.zeros(len(spans), np.int64)
    for record in edits:
        growth[record.word_index] = len(record.after) - len(record.before)
    text, _ = replace_words(text, [spans[record.word_index] for record in edits], [record.after for record in edits])
    grown = np.cumsum(growth)
    originals = {record.word_index: record.before for record in edits}
    return NoisedText(text, begins + grown - growth, ends + grown, originals)


def word_of_pieces(
    offsets: Sequence[Sequence[tuple[int, int]]], texts: Sequence[NoisedText], rows: IntArray
) -> IntArray:
    """Return the word, counted over the batch, that each piece ends in, (N,), or `NO_WORD`.

    Args:
        offsets: begin and end of each piece in its text, a row for each text; N pieces in all.
        rows: which text each piece is of, (N,).
    """
    # All texts share one axis.
    sizes = np.fromiter((len(example.text) + 1 for example in texts), np.int64, len(texts))
    shifts = exclusive_cumsum(sizes)
    begins = np.concatenate([example.begins + shift for example, shift in zip(texts, shifts, strict=True)])
    ends = np.concatenate([example.ends + shift for example, shift in zip(texts, shifts, strict=True)])
    pairs = np.fromiter(chain.from_iterable(chain.from_iterable(offsets)), np.int64, 2 * len(rows)).reshape(-1, 2)
    last = np.maximum(pairs[:, 1] - 1, pairs[:, 0]) + shifts[rows]
    words = np.searchsorted(begins, last, side="right") - 1
    outside = words < 0
    outside |= last >= np.append(ends, 0)[words]
    words[outside] = NO_WORD
    return words
