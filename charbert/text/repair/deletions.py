"""Which words of a list are within one or two edits of a form, found without comparing it with each.

Source: Garbe's SymSpell: two strings at most n edits apart become equal when up to n characters are left out of either.
Such shortened strings are kept as hashes in one sorted array, computed for all words of a length at once.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from charbert.text.codepoints import IntArray

Hashes = NDArray[np.uint64]
_BASE = 0x9E3779B97F4A7C15
"""Of the polynomial hash, modulo 2 ** 64; odd."""
SHORTEST_OF_TWO_EDITS = 6
"""A form has so many shorter words at two edits that none of them is likely, unless it is longer itself."""


class DeletionIndex:
    """Words by their shortened forms.

    Args:
        max_edits: most edits between a form and a word, 1 or 2. An edit adds, drops, replaces or swaps characters.
        keep_ends: whether the first and the last character are never left out, so that words are found that have those
            of the form.
    """

    def __init__(self, words: Sequence[str], max_edits: int, *, keep_ends: bool) -> None:
        self._keep_ends = keep_ends
        self._tables = [self._sorted(words, range(2))]
        if max_edits > 1:
            self._tables.append(self._sorted(words, range(2, max_edits + 1)))

    def near(self, forms: Sequence[str], edits: int) -> tuple[IntArray, IntArray]:
        """Return pairs of a form and a word that may be within ``edits``, each pair once: their places, (N,) each.

        All that are within them are among the pairs, which are sorted by form and then by word; with two edits but for
        pairs of which both have fewer than `SHORTEST_OF_TWO_EDITS` characters.
        """
        keys, owners = self._shortened(forms, range(edits + 1))
        pairs = np.unique(np.concatenate([_matches(keys, owners, *table) for table in self._tables[:edits]]))
        return pairs >> 32, pairs & 0xFFFFFFFF

    def _sorted(self, words: Sequence[str], removed: range) -> tuple[Hashes, IntArray]:
        keys, owners = self._shortened(words, removed)
        order = np.argsort(keys)
        return keys[order], owners[order]

    def _shortened(self, strings: Sequence[str], removed: range) -> tuple[Hashes, IntArray]:
        """Return the hashes of all strings without as many characters, chosen in every way, and their places."""
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        keys: list[Hashes] = [np.zeros(0, np.uint64)]
        owners: list[IntArray] = [np.zeros(0, np.int32)]
        for length in np.unique(lengths).tolist():
            places = np.flatnonzero(lengths == length).astype(np.int32)
            text = "".join([strings[place] for place in places.tolist()])
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").reshape(len(places), length)
            for hashes in self._hashes(codes.T.astype(np.uint64), removed):
                keys.append(hashes)
                owners.append(places)
        return np.concatenate(keys), np.concatenate(owners)

    def _hashes(self, codes: Hashes, removed_numbers: range) -> Iterator[Hashes]:
        """Yield the hashes of n strings of one length, (n,), from their characters, (length, n), for each way."""
        length = len(codes)
        removable = range(1, length - 1) if self._keep_ends else range(length)
        powers = [pow(_BASE, exponent, 2**64) for exponent in range(length + 1)]
        prefixes = [np.zeros(codes.shape[1], np.uint64)]
        for row in codes:
            prefixes.append(prefixes[-1] * np.uint64(_BASE) + row + np.uint64(1))
        for number in removed_numbers:
            if number == 2 and length < SHORTEST_OF_TWO_EDITS:
                continue
            for removed in combinations(removable, number):
                hashes, begin = np.zeros(codes.shape[1], np.uint64), 0
                for end in (*removed, length):
                    between = prefixes[end] - prefixes[begin] * np.uint64(powers[end - begin])
                    hashes = hashes * np.uint64(powers[end - begin]) + between
                    begin = end + 1
                yield hashes


def _matches(keys: Hashes, owners: IntArray, table_keys: Hashes, table_owners: IntArray) -> IntArray:
    """Return where keys are in a sorted table, as pairs of owners in one number each, some of them more than once."""
    first = np.searchsorted(table_keys, keys, "left")
    counts = np.searchsorted(table_keys, keys, "right") - first
    begins = np.cumsum(counts) - counts
    places = np.arange(int(counts.sum())) - np.repeat(begins - first, counts)
    found: IntArray = np.repeat(owners.astype(np.int64), counts) << 32 | table_owners[places]
    return found
