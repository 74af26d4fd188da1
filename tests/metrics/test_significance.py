import numpy as np
import pytest

from charbert.errors import DataError
from charbert.metrics.classification import matthews
from charbert.metrics.significance import (
    approximate_randomization,
    f1_of_counts,
    holm,
    matthews_of_counts,
    mcnemar,
    mean_of_counts,
    paired_interval,
    sum_groups,
)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _outcomes(share: float, examples: int, seed: int) -> np.ndarray:
    right = (_rng(seed).random(examples) < share).astype(int)
    return np.stack([right, np.ones_like(right)], axis=1)


def test_f1_of_counts_is_vectorized_and_safe_without_entities() -> None:
    counts = np.array([[[2, 1, 1], [0, 0, 0]]])
    assert f1_of_counts(counts) == pytest.approx(np.array([[2 / 3, 0.0]]))
    assert float(mean_of_counts(np.array([3, 4]))) == 0.75


def test_matthews_of_counts_is_the_correlation_of_the_labels_that_were_counted() -> None:
    gold, predicted = _rng(1).integers(0, 2, 200), _rng(2).integers(0, 2, 200)
    outcomes = [(1, 1), (0, 1), (1, 0), (0, 0)]
    counts = np.stack(
        [(gold == gold_class) & (predicted == predicted_class) for gold_class, predicted_class in outcomes], axis=1
    )
    assert float(matthews_of_counts(counts.sum(axis=0))) == pytest.approx(matthews(gold, predicted))
    assert matthews_of_counts(np.array([[5, 0, 0, 7], [5, 7, 0, 0]])).tolist() == [1.0, 0.0]


def test_equal_systems_do_not_differ() -> None:
    counts = _rng().integers(0, 4, size=(50, 3))
    result = approximate_randomization(counts, counts, _rng(), rounds=500)
    assert (result.difference, result.p_value) == (0.0, 1.0)


def test_a_clear_difference_is_found_and_swapping_the_systems_changes_its_sign() -> None:
    weak, strong = _outcomes(0.5, 300, 1), _outcomes(0.8, 300, 2)
    there = approximate_randomization(weak, strong, _rng(), statistic=mean_of_counts, rounds=1000)
    back = approximate_randomization(strong, weak, _rng(), statistic=mean_of_counts, rounds=1000)
    assert there.p_value < 0.01 and back.p_value < 0.01
    assert there.difference == pytest.approx(-back.difference) and there.difference > 0


def test_randomization_agrees_with_the_exact_test_on_accuracy() -> None:
    first, second = _outcomes(0.6, 120, 5), _outcomes(0.72, 120, 6)
    exact = mcnemar(first[:, 0], second[:, 0])
    drawn = approximate_randomization(first, second, _rng(), statistic=mean_of_counts, rounds=20_000)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.015)
    assert drawn.difference == pytest.approx(exact.difference)


def test_p_values_are_uniform_when_nothing_differs() -> None:
    p_values = [
        approximate_randomization(
            _outcomes(0.5, 101, 2 * seed), _outcomes(0.5, 101, 2 * seed + 1), _rng(seed),
            statistic=mean_of_counts, rounds=200,
        ).p_value
        for seed in range(200)
    ]  # fmt: skip
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.10


def test_the_same_generator_gives_the_same_result() -> None:
    first, second = _rng(1).integers(0, 3, (30, 3)), _rng(2).integers(0, 3, (30, 3))
    results = {approximate_randomization(first, second, _rng(7), rounds=300) for _ in range(2)}
    assert len(results) == 1


def test_mcnemar_by_hand() -> None:
    first = np.array([True] * 8 + [False] * 1 + [True] * 20)
    second = np.array([False] * 8 + [True] * 1 + [True] * 20)
    result = mcnemar(first, second)
    assert result.p_value == pytest.approx(2 * (1 + 9) / 2**9)  # 0 or 1 of 9, both sides
    assert result.difference == pytest.approx(-7 / 29)
    assert mcnemar([True], [True]).p_value == 1.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="examples, K"):
        approximate_randomization(np.zeros((3, 3)), np.zeros((2, 3)), _rng())

    with pytest.raises(DataError, match="same examples"):
        mcnemar([True], [True, False])


def test_holm_multiplies_each_p_value_by_the_number_of_tests_that_are_left() -> None:
    # by hand: 0.005 * 4 = 0.02; 0.01 * 3 = 0.03; 0.03 * 2 = 0.06; 0.04 * 1 = 0.04 is raised to the smaller one's 0.06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_sums_of_groups_keep_the_total_and_the_order_of_the_groups_numbers() -> None:
    counts = np.random.default_rng(3).integers(0, 5, size=(40, 3))
    groups = np.random.default_rng(4).integers(0, 6, size=40)
    sums = sum_groups(counts, groups.tolist())
    assert np.array_equal(sums, [counts[groups == group].sum(axis=0) for group in np.unique(groups)])
    assert np.array_equal(sum_groups(counts, range(40)), counts)


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    covered = []
    for seed in range(200):
        rng = _rng(seed)
        ability = rng.normal(size=150)
        first, second = ((ability + rng.normal(size=150) > shift) for shift in (0.3, 0.0))
        counts = [np.stack([right, np.ones(150)], axis=1) for right in (first, second)]
        low, high = paired_interval(*counts, rng, statistic=mean_of_counts, rounds=300)
        covered.append(low <= 0.0840 <= high)  # P(N(0, 2) > 0) - P(N(0, 2) > 0.3)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_the_interval_of_swapped_systems_is_mirrored_and_of_equal_ones_empty() -> None:
    weak, strong = _outcomes(0.5, 300, 1), _outcomes(0.8, 300, 2)
    low, high = paired_interval(weak, strong, _rng(), statistic=mean_of_counts, rounds=500)
    assert 0 < low < high
    assert paired_interval(strong, weak, _rng(), statistic=mean_of_counts, rounds=500) == pytest.approx((-high, -low))
    assert paired_interval(weak, weak, _rng(), statistic=mean_of_counts, rounds=500) == (0.0, 0.0)
