"""The clean copies of noised texts, for a teacher to read: which subwords of both belong to the same word."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charbert.batch import OWN_POSITIONS, THEIR_POSITIONS, TOKEN_INPUTS
from charbert.data.pretraining.noised_text import NO_WORD, NoisedText, word_of_pieces
from charbert.text.codepoints import IntArray
from charbert.text.rows import gather


def clean_copies(
    clean: Sequence[NoisedText], tokenizer: Any, max_length: int, own_words: Sequence[IntArray]
) -> list[dict[str, Any]]:
    """Return the clean copy of each text: its subwords, and the positions where both have the same word.

    A word is paired at its first subword and at its last, so that one that noise breaks into many is compared at both
    ends. A word that was cut off in one of the two has no pair.

    Args:
        tokenizer: of the teacher; fast.
        max_length: most subwords of a copy, special ones included.
        own_words: word of each subword of the noised text, counted over all texts, or `NO_WORD`; a row for each text.

    Returns:
        For each text the tokenizer's fields, and ``own_positions`` and ``their_positions``, a number for each pair.
    """
    encoding = tokenizer(
        [each.text for each in clean],
        truncation=True,
        max_length=max_length,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    lengths = np.fromiter(map(len, encoding["input_ids"]), np.int64, len(clean))
    rows = np.repeat(np.arange(len(clean)), lengths)
    words = word_of_pieces(encoding["offset_mapping"], clean, rows)
    words[gather(encoding["special_tokens_mask"], len(rows)) == 1] = NO_WORD
    their_words = np.split(words, np.cumsum(lengths)[:-1])
    names = [name for name in TOKEN_INPUTS if name in encoding]
    return [
        {name: encoding[name][row] for name in names} | _pairs(own, theirs)
        for row, (own, theirs) in enumerate(zip(own_words, their_words, strict=True))
    ]


def _pairs(own: IntArray, theirs: IntArray) -> dict[str, IntArray]:
    """Return the positions of the first and of the last subword of each word that both have, each pair once."""
    (own_words, *own_ends), (their_words, *their_ends) = _first_and_last(own), _first_and_last(theirs)
    _, mine, other = np.intersect1d(own_words, their_words, assume_unique=True, return_indices=True)
    ends = zip(own_ends, their_ends, strict=True)
    pairs = np.unique(np.concatenate([np.stack([start[mine], end[other]]) for start, end in ends], axis=1), axis=1)
    return {OWN_POSITIONS: pairs[0], THEIR_POSITIONS: pairs[1]}


def _first_and_last(words: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the words that a row has, rising, and the positions of the first and the last subword of each."""
    places = np.flatnonzero(words != NO_WORD)
    unique_words, firsts = np.unique(words[places], return_index=True)
    lasts = np.searchsorted(words[places], unique_words, side="right") - 1  # words rise along a row
    return unique_words, places[firsts], places[lasts]
