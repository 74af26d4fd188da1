"""Significance tests of the difference between two systems on the same examples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.errors import DataError

Statistic = Callable[[np.ndarray], np.ndarray]
"""Summed counts (..., K) to scores (...)."""

_ROUNDS_AT_ONCE = 256
_TIE = 1e-12  # differences that only rounding separates are equal


@dataclass(frozen=True)
class Comparison:
    """The second system's score minus the first one's, and the p value of the difference."""

    difference: float
    p_value: float
    """Two-sided, in (0, 1]."""


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


def macro_f1_of_counts(counts: np.ndarray) -> np.ndarray:
    """Return the mean F1 (...) in [0, 1] of the labels that occur, in the gold or the predictions.

    Args:
        counts: (..., 3 L), for each of L labels true positive, false positive and false negative.
    """
    of_labels = np.asarray(counts, dtype=np.float64)
    of_labels = of_labels.reshape(*of_labels.shape[:-1], -1, 3)
    occurring = (of_labels > 0).any(axis=-1).sum(axis=-1)
    return f1_of_counts(of_labels).sum(axis=-1) / np.maximum(occurring, 1)


def sum_groups(counts: np.ndarray, groups: Sequence[int]) -> np.ndarray:
    """Return the summed counts (groups, K) of examples that belong together, in the order of the groups' numbers.

    Questions about one article, or sentences of one document, are not independent. With their sums
    `approximate_randomization` swaps the outputs on a whole group.

    Args:
        counts: (examples, K).
        groups: number of each example's group.
    """
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    return np.stack([np.bincount(numbers, weights=column) for column in np.asarray(counts).T], axis=1)


def approximate_randomization(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    *,
    statistic: Statistic = f1_of_counts,
    rounds: int = 10_000,
) -> Comparison:
    """Compare two systems by approximate randomization: in each round their outputs are swapped on random examples.

    The p value is the share of rounds, including the actual outcome, whose difference is at least as large.

    Args:
        first: (examples, K) counts of the first system, see `charbert.metrics.tagging.entity_counts`; or (groups, K),
            see `sum_groups`.
        second: those of the second system on the same examples.
        statistic: summed counts to a score.

    Raises:
        DataError: if the two have different examples.
    """
    first_counts, second_counts = _as_counts(first, second)
    first_total, second_total = first_counts.sum(axis=0), second_counts.sum(axis=0)
    observed = float(statistic(second_total) - statistic(first_total))
    extreme = 0
    for start in range(0, rounds, _ROUNDS_AT_ONCE):
        size = min(_ROUNDS_AT_ONCE, rounds - start)
        swapped = rng.integers(0, 2, size=(size, len(first_counts)), dtype=np.int8).astype(np.float64)
        moved = swapped @ (second_counts - first_counts)
        differences = statistic(second_total - moved) - statistic(first_total + moved)
        extreme += int((np.abs(differences) >= abs(observed) - _TIE).sum())
    return Comparison(observed, (1 + extreme) / (1 + rounds))


def paired_interval(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    *,
    statistic: Statistic = f1_of_counts,
    rounds: int = 10_000,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Return the interval in which the difference lies with a confidence, by the paired bootstrap.

    In each round as many examples (or groups, see `sum_groups`) are drawn with replacement, the same for both systems;
    the ends are percentiles of the rounds' differences, the second system's score minus the first one's.

    Args:
        first: as for `approximate_randomization`.
        second: as for `approximate_randomization`.
        confidence: in (0, 1).

    Raises:
        DataError: if the two have different examples.
    """
    first_counts, second_counts = _as_counts(first, second)
    examples = len(first_counts)
    differences = []
    for start in range(0, rounds, _ROUNDS_AT_ONCE):
        size = min(_ROUNDS_AT_ONCE, rounds - start)
        places = rng.integers(0, examples, size=(size, examples)) + examples * np.arange(size)[:, None]
        drawn = np.bincount(places.ravel(), minlength=size * examples).reshape(size, examples)
        differences.append(statistic(drawn @ second_counts) - statistic(drawn @ first_counts))
    low, high = np.quantile(np.concatenate(differences), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def mcnemar(first_correct: Sequence[bool] | np.ndarray, second_correct: Sequence[bool] | np.ndarray) -> Comparison:
    """Compare the accuracy of two systems by the exact test of McNemar on examples that only one gets right.

    Raises:
        DataError: if the two have different examples.
    """
    first_right, second_right = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if first_right.ndim != 1 or first_right.shape != second_right.shape or not len(first_right):
        raise DataError(
            f"expected the same examples for both systems, got shapes {first_right.shape} and {second_right.shape}"
        )
    only_first, only_second = int((first_right & ~second_right).sum()), int((second_right & ~first_right).sum())
    differing = only_first + only_second
    from scipy.stats import binomtest  # half of the time in which an experiment shows its help

    p_value = binomtest(only_first, differing, 0.5).pvalue if differing else 1.0
    return Comparison((only_second - only_first) / len(first_right), float(p_value))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values of several tests, in (0, 1], after Holm's correction for their number, in the same order.

    Of N values the smallest is multiplied by N, the next by N - 1 and so on; none ends below a smaller one or above 1.
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        corrected[index] = min(largest, 1.0)
    return corrected


def _as_counts(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first_counts, second_counts = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first_counts.ndim != 2 or first_counts.shape != second_counts.shape or not len(first_counts):
        raise DataError(
            f"expected (examples, K) counts of the same examples, got {first_counts.shape} and {second_counts.shape}"
        )
    return first_counts, second_counts
