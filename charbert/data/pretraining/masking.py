"""Whole-word masking for the masked language model."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charbert.batch import IGNORED_LABEL
from charbert.text.codepoints import BoolArray, IntArray

DRAWS_PER_PIECE = 4
"""Random numbers that masking needs for each piece."""
_MASK_SHARE, _RANDOM_SHARE = 0.8, 0.1
"""Shares of the chosen pieces that become the mask, or a random piece; the rest stays."""


class MaskedPieces(NamedTuple):
    """What the model sees and what it is to predict, both in the shape of the input."""

    input_ids: IntArray
    mlm_labels: IntArray
    """Original id where a piece is to be predicted, ``IGNORED_LABEL`` elsewhere."""


@dataclass(frozen=True)
class WholeWordMasking:
    """Choose words until a share of each row's pieces is to be predicted; hide most of them.

    Paper: Sec. 3.5 and 4.1: 10 % of the pieces, never of noised words. BERT: of the chosen pieces 80 %
    become the mask, 10 % a random piece, 10 % stay.
    Released code: the same, drawn for each piece; its random piece may be any entry of the vocabulary,
    padding and separators included, and its number of pieces is rounded for each chunk.
    Departure: a random piece is never a special one, which no real text could hold; and the last word of a
    row is taken by chance so that the expected share is exact.
    """

    mask_id: int
    replacement_ids: IntArray
    """Ids that a random piece is drawn from, uniformly."""
    mlm_probability: float = 0.10
    """Expected share of a row's pieces, special ones not counted, that are to be predicted, in [0, 1]."""

    def mask(
        self,
        input_ids: IntArray,
        rows: IntArray,
        words: IntArray,
        *,
        real: BoolArray,
        candidates: BoolArray,
        draws: NDArray[np.floating],
    ) -> MaskedPieces:
        """Return a batch with some words masked; its rows stand one after the other, N pieces in all.

        Args:
            input_ids: (N,); not changed.
            rows: which row each piece is in, (N,), rising from 0.
            words: which word of the batch each piece belongs to, (N,), rising where ``candidates`` is true.
            real: pieces that the share is counted over, (N,); special ones are not.
            candidates: pieces that may be masked, (N,); true for all pieces of a word or for none.
            draws: uniform in [0, 1), (N, 4). A row's result depends on its own draws alone.
        """
        wanted = self.mlm_probability * np.bincount(rows, weights=real)
        chosen = self._choose(rows, words, candidates, wanted, draws)
        kind = draws[:, 2]
        masked = np.where(chosen & (kind < _MASK_SHARE), self.mask_id, input_ids)
        swapped = chosen & (kind >= _MASK_SHARE) & (kind < _MASK_SHARE + _RANDOM_SHARE)
        picks = (draws[swapped, 3] * len(self.replacement_ids)).astype(np.int64)
        masked[swapped] = self.replacement_ids[picks]
        return MaskedPieces(masked, np.where(chosen, input_ids, IGNORED_LABEL))

    def _choose(
        self,
        rows: IntArray,
        words: IntArray,
        candidates: BoolArray,
        wanted: NDArray[np.floating],
        draws: NDArray[np.floating],
    ) -> BoolArray:
        """Return the pieces to predict: shuffled words of each row until ``wanted`` pieces, (rows,)."""
        chosen = np.zeros_like(candidates)
        pieces = np.flatnonzero(candidates)
        if not len(pieces):
            return chosen
        begins = np.flatnonzero(np.diff(words[pieces], prepend=-1))
        lengths = np.diff(np.append(begins, len(pieces)))
        firsts = pieces[begins]
        order = np.lexsort((draws[firsts, 0], rows[firsts]))
        owner, sizes = rows[firsts][order], lengths[order]
        before = np.cumsum(sizes) - sizes
        before -= before[np.searchsorted(owner, owner)]  # leaves the pieces of the same row that come earlier
        # The word that would go beyond the wanted number is taken with the chance that makes the mean exact.
        taken = np.empty(len(begins), np.bool_)
        taken[order] = before + sizes * draws[firsts, 1][order] < wanted[owner]
        chosen[pieces] = np.repeat(taken, lengths)
        return chosen
