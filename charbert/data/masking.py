"""Whole-word masking for the masked language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charbert.batch import IGNORED_LABEL
from charbert.errors import SettingsError

DRAWS_PER_PIECE = 4
"""Random numbers that masking needs for each piece."""


class MaskedPieces(NamedTuple):
    """What the model sees and what it is to predict, both in the shape of the input."""

    input_ids: NDArray[np.int64]
    mlm_labels: NDArray[np.int64]
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

    Raises:
        SettingsError: if a share is outside [0, 1] or there are no replacements.
    """

    mask_id: int
    replacement_ids: NDArray[np.int64]
    """Ids that a random piece is drawn from, uniformly."""
    mlm_probability: float = 0.10
    """Expected share of a row's pieces, special ones not counted, that are to be predicted."""
    mask_share: float = 0.8
    """Share of those that become the mask."""
    random_share: float = 0.1
    """Share of those that become a random piece; the rest stays."""

    def __post_init__(self) -> None:
        if not 0 <= self.mlm_probability <= 1:
            raise SettingsError(f"mlm_probability must be in [0, 1], got {self.mlm_probability}")
        if min(self.mask_share, self.random_share) < 0 or self.mask_share + self.random_share > 1:
            raise SettingsError(
                "mask_share and random_share must be shares of a whole, "
                f"got {self.mask_share} and {self.random_share}"
            )
        if not len(self.replacement_ids):
            raise SettingsError("replacement_ids must hold at least one piece, got none")

    def mask(
        self,
        input_ids: NDArray[np.int64],
        words: NDArray[np.int64],
        candidates: NDArray[np.bool_],
        real: NDArray[np.bool_],
        draws: NDArray[np.float64],
    ) -> MaskedPieces:
        """Return a batch with some words masked. B rows, T pieces a row.

        Args:
            input_ids: (B, T); not changed.
            words: which word of its row each piece belongs to, (B, T), rising in each row and the same for
                all pieces of a word; anything where ``candidates`` is false.
            candidates: pieces that may be masked, (B, T); true for all pieces of a word or for none.
            real: pieces that the share is counted over, (B, T): neither special nor padding.
            draws: uniform in [0, 1), (B, T, 4).
        """
        chosen = self._choose(words, candidates, self.mlm_probability * real.sum(-1), draws)
        labels = np.where(chosen, input_ids, IGNORED_LABEL)
        kind = draws[..., 2]
        masked = np.where(chosen & (kind < self.mask_share), self.mask_id, input_ids)
        swapped = chosen & (kind >= self.mask_share) & (kind < self.mask_share + self.random_share)
        picks = (draws[..., 3][swapped] * len(self.replacement_ids)).astype(np.int64)
        masked[swapped] = self.replacement_ids[picks]
        return MaskedPieces(masked, labels)

    def _choose(
        self,
        words: NDArray[np.int64],
        candidates: NDArray[np.bool_],
        wanted: NDArray[np.float64],
        draws: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Return the pieces to predict, (B, T): shuffled words of each row until ``wanted`` pieces, (B,)."""
        rows, columns = np.nonzero(candidates)
        if not len(rows):
            return np.zeros_like(candidates)
        word_of = words[rows, columns]
        begins = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]) | (word_of[1:] != word_of[:-1])))
        lengths = np.diff(np.append(begins, len(rows)))
        order = np.lexsort((draws[rows, columns, 0][begins], rows[begins]))
        owner = rows[begins][order]
        before = np.cumsum(lengths[order]) - lengths[order]
        before -= before[np.searchsorted(owner, owner)]  # pieces of the same row that come earlier
        # The word that would go beyond the wanted number is taken with the chance that makes the mean exact.
        reach = before + lengths[order] * draws[rows, columns, 1][begins][order]
        chosen_words = np.zeros(len(begins), np.bool_)
        chosen_words[order] = reach < wanted[owner]
        chosen = np.zeros_like(candidates)
        chosen[rows, columns] = np.repeat(chosen_words, lengths)
        return chosen
