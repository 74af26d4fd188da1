"""Words as semi-characters: first character, bag of the inner ones, last character."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charbert.errors import DataError
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import SourceText, looked_up


class SemiCharacters(NamedTuple):
    """N words without the order of their inner characters."""

    first_ids: np.ndarray
    """Id of each word's first character, (N,) int64."""
    inner_counts: np.ndarray
    """Number of each of A characters inside each word, (N, A) int16; zeros for a word of one or two characters."""
    last_ids: np.ndarray
    """Id of each word's last character, (N,) int64; for a word of one character that of the first."""


def encode_semi_characters(words: Sequence[str], char_vocab: CharVocab) -> SemiCharacters:
    """Return the semi-characters of ``words``, composed (NFC) and in lower case.

    By construction they are invariant to swaps of inner characters. Source: Pruthi et al. (2019), Sec. 3.

    Args:
        words: N words.
        char_vocab: its ids are the A columns; other characters count as its ``unk_id``.

    Raises:
        DataError: if a word is empty.
    """
    source = SourceText.of(list(map(looked_up, words)))
    ids, lengths = char_vocab.encode_codes(source.codes), np.diff(source.bounds)
    if not lengths.all():
        empty = int(np.flatnonzero(lengths == 0)[0])
        raise DataError(f"word {empty} of {len(words)} is empty; leave empty words out of the sentence")
    ends = np.cumsum(lengths)
    starts = ends - lengths
    is_inner = np.ones(len(ids), bool)
    is_inner[starts] = is_inner[ends - 1] = False
    owners = np.repeat(np.arange(len(words)), lengths)[is_inner]
    slots = owners * len(char_vocab) + ids[is_inner]
    counts = np.bincount(slots, minlength=len(words) * len(char_vocab))
    return SemiCharacters(
        ids[starts].astype(np.int64),
        counts.reshape(len(words), len(char_vocab)).astype(np.int16),
        ids[ends - 1].astype(np.int64),
    )
