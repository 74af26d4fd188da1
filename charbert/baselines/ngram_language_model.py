"""An n-gram language model with interpolated Kneser-Ney smoothing, over ids: what a neural one must be better than."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charbert.errors import DataError, SettingsError

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """The n-grams of one length, and their contexts, sorted by their codes."""

    grams: Ids
    counts: NDArray[np.float64]
    contexts: Ids
    totals: NDArray[np.float64]
    """Sum of the counts of each context's n-grams."""
    kinds: NDArray[np.float64]
    """Number of different n-grams of each context."""
    discount: float


class NgramLanguageModel:
    """The probability of each id after the ids before it, smoothed so that none is impossible.

    Interpolated Kneser-Ney (Kneser and Ney 1995; Chen and Goodman 1999): a fixed discount is taken from each count and
    shared out by the shorter context, in which an id counts by how many different ids it follows, not how often. The
    discount of a length is n1 / (n1 + 2 n2), n1 and n2 the numbers of n-grams seen once and twice. Below single ids
    is the uniform distribution, so an id that was never seen has a probability.

    Args:
        texts: ids of each text, in [0, ``vocab_size``).
        order: length of the longest n-grams.
        vocab_size: number of ids; with the start of a text there is one more.

    Raises:
        SettingsError: if the order is below 1, or codes of n-grams would not fit into 64 bits.
        DataError: if there is no id, or one out of range.
    """

    def __init__(self, texts: Sequence[Sequence[int] | Ids], order: int, vocab_size: int) -> None:
        self.order = order
        self.vocab_size = vocab_size
        self._base = vocab_size + 1
        if order < 1 or self._base**order >= 2**63:
            raise SettingsError(
                f"perplexity.ngram_order must be at least 1 and small enough for {vocab_size} subwords, got {order}"
            )
        rows = [self._padded(text) for text in texts if len(text)]
        if not rows:
            raise DataError("n-gram model: expected at least one id to count, got none")
        longest = np.concatenate([self._codes(row, order) for row in rows])
        grams, counts = np.unique(longest, return_counts=True)
        self._levels = [self._level(grams, counts.astype(np.float64))]
        for _ in range(order - 1):  # a shorter n-gram counts by how many different ids precede it
            length = order - len(self._levels)
            shorter, kinds = np.unique(grams % self._base**length, return_counts=True)
            grams = shorter
            self._levels.append(self._level(shorter, kinds.astype(np.float64)))
        self._levels.reverse()

    def log_probabilities(self, text: Sequence[int] | Ids) -> NDArray[np.float64]:
        """Return the natural log of each id's probability after the ids before it in the text, (len(text),)."""
        if not len(text):
            return np.zeros(0)
        row = self._padded(text)
        probabilities = np.full(len(text), 1 / self.vocab_size)
        for length, level in enumerate(self._levels, start=1):
            grams = self._codes(row[self.order - length :], length)
            contexts = grams // self._base
            counts = _looked_up(level.grams, level.counts, grams)
            totals = _looked_up(level.contexts, level.totals, contexts)
            kinds = _looked_up(level.contexts, level.kinds, contexts)
            met = totals > 0
            own = np.maximum(counts - level.discount, 0) / np.where(met, totals, 1)
            left = np.where(met, level.discount * kinds / np.where(met, totals, 1), 1.0)
            probabilities = own + left * probabilities
        return np.log(probabilities)

    def _padded(self, text: Sequence[int] | Ids) -> Ids:
        ids = np.asarray(text, dtype=np.int64)
        if ids.min() < 0 or ids.max() >= self.vocab_size:
            raise DataError(f"n-gram model: expected ids in 0..{self.vocab_size - 1}, got {ids.min()}..{ids.max()}")
        return np.concatenate([np.full(self.order - 1, self.vocab_size, np.int64), ids])

    def _codes(self, row: Ids, length: int) -> Ids:
        """Return one number for each n-gram of the row, the last id in its lowest digit."""
        codes = np.zeros(len(row) - length + 1, np.int64)
        for offset in range(length):
            codes = codes * self._base + row[offset : len(row) - length + 1 + offset]
        return codes

    def _level(self, grams: Ids, counts: NDArray[np.float64]) -> _Level:
        contexts, places = np.unique(grams // self._base, return_inverse=True)
        once, twice = (float((counts == number).sum()) for number in (1, 2))
        discount = once / (once + 2 * twice) if once else 0.5
        totals = np.bincount(places, weights=counts).astype(np.float64)
        kinds = np.bincount(places).astype(np.float64)
        return _Level(grams, counts, contexts, totals, kinds, min(discount, 0.95))


def _looked_up(keys: Ids, values: NDArray[np.float64], wanted: Ids) -> NDArray[np.float64]:
    """Return the value of each wanted key, 0 for one that is not there; ``keys`` are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0.0)
