"""Is one system better than another? Tests on the same examples, with randomness handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from charbert.errors import DataError, SettingsError

Statistic = Callable[[np.ndarray], np.ndarray]
"""Summed counts (..., K) to scores (...)."""

_ROUNDS_AT_ONCE = 256
_TIE = 1e-12  # differences that only rounding separates are equal


@dataclass(frozen=True)
class Comparison:
    """The second system's score less the first one's, and how likely chance alone explains it."""

    difference: float
    p_value: float
    """Two-sided, in (0, 1]."""
    low: float | None = None
    """Lower end of the confidence interval of the difference, where the test gives one."""
    high: float | None = None
    """Upper end of it."""


def f1_of_counts(counts: np.ndarray) -> np.ndarray:
    """Return F1 (...) in [0, 1] of true positive, false positive and false negative counts (..., 3)."""
    correct, wrong, missed = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    whole = 2 * correct + wrong + missed
    return np.divide(2 * correct, whole, out=np.zeros_like(whole), where=whole > 0)


def mean_of_counts(counts: np.ndarray) -> np.ndarray:
    """Return the ratio (...) of counts (..., 2), for example right words and words; 0 without any."""
    right, whole = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    return np.divide(right, whole, out=np.zeros_like(whole), where=whole > 0)


def matthews_of_counts(counts: np.ndarray) -> np.ndarray:
    """Return the Matthews correlation (...) in [-1, 1] of true and false positives, false and true negatives.

    It is 0 where one side, gold or predicted, has one label only.

    Args:
        counts: (..., 4), true positive, false positive, false negative and true negative.
    """
    hit, wrong, missed, rest = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    sides = np.sqrt((hit + wrong) * (hit + missed) * (rest + wrong) * (rest + missed))
    return np.divide(hit * rest - wrong * missed, sides, out=np.zeros_like(sides), where=sides > 0)


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    *,
    statistic: Statistic = f1_of_counts,
    rounds: int = 10_000,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two systems by drawing the examples again, with replacement, the same ones for both.

    Args:
        first: (examples, K) counts of the first system, see `charbert.metrics.tagging.entity_counts`.
        second: those of the second system on the same examples.
        rng: where the draws come from.
        statistic: summed counts to a score.
        rounds: how often examples are drawn.
        confidence: share of the rounds that the percentile interval holds, in (0, 1).

    Returns:
        The difference, its interval, and twice the share of rounds on the far side of no difference.

    Raises:
        DataError: if the two do not line up.
        SettingsError: if ``rounds`` or ``confidence`` is out of range.
    """
    first_counts, second_counts = _as_counts(first, second)
    _check_rounds(rounds)
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence must lie between 0 and 1, got {confidence}")
    examples = len(first_counts)
    differences = np.empty(rounds)
    for start in range(0, rounds, _ROUNDS_AT_ONCE):
        size = min(_ROUNDS_AT_ONCE, rounds - start)
        # how often each example is drawn in each round, (size, examples)
        drawn = rng.multinomial(examples, np.full(examples, 1 / examples), size=size).astype(np.float64)
        differences[start : start + size] = statistic(drawn @ second_counts) - statistic(drawn @ first_counts)
    tail = (1 - confidence) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    above, below = (differences >= -_TIE).sum(), (differences <= _TIE).sum()
    p_value = min(1.0, 2 * (1 + min(above, below)) / (1 + rounds))
    return Comparison(_observed(first_counts, second_counts, statistic), float(p_value), float(low), float(high))


def approximate_randomisation(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    *,
    statistic: Statistic = f1_of_counts,
    rounds: int = 10_000,
) -> Comparison:
    """Compare two systems by swapping their outputs on a random half of the examples, again and again.

    If the systems are alike, a swap changes nothing but chance: the p value is the share of rounds, the real
    outcome among them, whose difference is at least as large.

    Args:
        first: (examples, K) counts of the first system, see `charbert.metrics.tagging.entity_counts`.
        second: those of the second system on the same examples.
        rng: where the swaps come from.
        statistic: summed counts to a score.
        rounds: how often outputs are swapped.

    Raises:
        DataError: if the two do not line up.
        SettingsError: if ``rounds`` is out of range.
    """
    first_counts, second_counts = _as_counts(first, second)
    _check_rounds(rounds)
    observed = _observed(first_counts, second_counts, statistic)
    total_one, total_other, change = first_counts.sum(axis=0), second_counts.sum(axis=0), second_counts - first_counts
    extreme = 0
    for start in range(0, rounds, _ROUNDS_AT_ONCE):
        size = min(_ROUNDS_AT_ONCE, rounds - start)
        swapped = rng.integers(0, 2, size=(size, len(first_counts)), dtype=np.int8).astype(np.float64) @ change
        differences = statistic(total_other - swapped) - statistic(total_one + swapped)
        extreme += int((np.abs(differences) >= abs(observed) - _TIE).sum())
    return Comparison(observed, (1 + extreme) / (1 + rounds))


def mcnemar(first_correct: Sequence[bool] | np.ndarray, second_correct: Sequence[bool] | np.ndarray) -> Comparison:
    """Compare the accuracy of two systems by the exact test of McNemar on examples that only one gets right.

    Raises:
        DataError: if the two do not line up.
    """
    first_right, second_right = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if first_right.ndim != 1 or first_right.shape != second_right.shape or not len(first_right):
        raise DataError(
            f"expected the same examples for both systems, got shapes {first_right.shape} and {second_right.shape}"
        )
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    differing = only_first + only_second
    p_value = stats.binomtest(only_first, differing, 0.5).pvalue if differing else 1.0
    return Comparison((only_second - only_first) / len(first_right), float(p_value))


def _observed(first_counts: np.ndarray, second_counts: np.ndarray, statistic: Statistic) -> float:
    return float(statistic(second_counts.sum(axis=0)) - statistic(first_counts.sum(axis=0)))


def _as_counts(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first_counts, second_counts = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first_counts.ndim != 2 or first_counts.shape != second_counts.shape or not len(first_counts):
        raise DataError(
            f"expected (examples, K) counts of the same examples, got {first_counts.shape} and {second_counts.shape}"
        )
    return first_counts, second_counts


def _check_rounds(rounds: int) -> None:
    if rounds < 1:
        raise SettingsError(f"rounds must be 1 or more, got {rounds}")
