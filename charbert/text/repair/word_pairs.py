"""How likely a word is behind another one, from counts of adjacent words."""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

PairCounts = Mapping[str, Mapping[str, int]]
"""How often each second word stands right behind each first one, by first word."""
_DISCOUNT = 0.75
"""Subtracted from each count, as a share of the probability for pairs that were not counted."""
_MOST_COUNTED = 5_000_000
"""Pairs in memory while a text is counted; beyond it the rarest are dropped, so that any text can be counted."""


class WordPairs:
    """Ratios of the probability of a word behind another one to its probability anywhere.

    p(w | v) = max(c(v w) - d, 0) / c(v) + b(v) p(w), with b(v) what the pairs of v leave: absolute discounting (Ney,
    Essen and Kneser, 1994), over the pairs that are kept.

    Args:
        pairs: counts of pairs of words, in lower case.
        counts: how often each word occurs in the same text, or in that and others.
    """

    def __init__(self, pairs: PairCounts, counts: Mapping[str, int]) -> None:
        total = sum(counts.values())
        self._gains: dict[str, float] = {}
        self._left: dict[str, float] = {}
        for first, seconds in pairs.items():
            kept = {word: count for word, count in seconds.items() if word in counts}
            occurrences = max(counts.get(first, 0), sum(kept.values()))
            shares = {word: max(count - _DISCOUNT, 0) / occurrences for word, count in kept.items()}
            self._left[first] = 1 - sum(shares.values())
            self._gains |= {f"{first} {word}": share * total / counts[word] for word, share in shares.items()}

    def log_ratio(self, first: str, second: str) -> float:
        """Return log p(second | first) - log p(second), natural; 0 where no pair with ``first`` is kept."""
        left = self._left.get(first)
        return 0.0 if left is None else math.log(self._gains.get(f"{first} {second}", 0.0) + left)


def count_pairs(texts: Iterable[Sequence[str]], counts: Mapping[str, int], size: int) -> dict[str, dict[str, int]]:
    """Return the ``size`` pairs of adjacent words that tell most, with their counts, by first word.

    A pair tells c log(p(w | v) / p(w)), c being its count: what a model of the text loses without it (Seymore and
    Rosenfeld, 1996). Pairs seen once tell nothing.

    Args:
        texts: the words of each, in lower case.
        counts: of the words whose pairs are counted, in these texts.
        size: most pairs that are kept.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for words in texts:
        seen.update(pair for pair in pairwise(words) if pair[0] in counts and pair[1] in counts)
        if len(seen) > _MOST_COUNTED:
            seen = _without_rarest(seen)
    return _grouped(heapq.nlargest(size, _weighed(seen, counts)))


def _without_rarest(seen: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Return counts without those of one, then of two and so on, until half of the most are left or fewer.

    Half, so that as many new pairs fit before the next time: each time goes through all counts.
    """
    rarest = 1
    while len(seen) > _MOST_COUNTED // 2:
        seen = Counter({pair: count for pair, count in seen.items() if count > rarest})
        rarest += 1
    return seen


def _weighed(seen: Mapping[tuple[str, str], int], counts: Mapping[str, int]) -> Iterator[tuple[float, str, str, int]]:
    total = sum(counts.values())
    for (first, second), count in seen.items():
        ratio = count * total / (counts[first] * counts[second])
        if count > 1 and ratio > 1:
            yield count * math.log(ratio), first, second, count


def _grouped(pairs: Iterable[tuple[float, str, str, int]]) -> dict[str, dict[str, int]]:
    grouped: dict[str, dict[str, int]] = {}
    for _, first, second, count in sorted(pairs, key=lambda pair: pair[1:]):
        grouped.setdefault(first, {})[second] = count
    return grouped
