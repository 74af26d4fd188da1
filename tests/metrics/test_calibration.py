import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from charbert.errors import DataError
from charbert.metrics.calibration import (
    brier_score,
    calibration_scores,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    probabilities_of,
    reliability_bins,
)

seeds = st.integers(0, 10_000)


def drawn(seed: int, rows: int, labels: int, scale: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, and right labels drawn from the distributions that they stand for."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, scale, (rows, labels))
    cumulative = probabilities_of(logits).cumsum(axis=1)
    gold = (cumulative < rng.random((rows, 1))).sum(axis=1)
    return logits, np.minimum(gold, labels - 1)


@pytest.mark.parametrize("labels", [2, 5])
def test_a_model_that_is_right_as_often_as_it_says_has_hardly_an_error(labels: int) -> None:
    logits, gold = drawn(1, 40_000, labels)
    assert calibration_scores(gold, logits)["ece"] < 0.01
    assert calibration_scores(gold, 4 * logits)["ece"] > 0.1  # too sure
    assert calibration_scores(gold, logits / 4)["ece"] > 0.1  # not sure enough


def test_the_calibration_error_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.45, 0.55]])
    bins = reliability_bins([0, 0, 1, 0], probabilities, bins=2)
    assert [reliability_bin.count for reliability_bin in bins] == [0, 4]
    assert bins[1].confidence == pytest.approx((0.9 + 0.8 + 0.6 + 0.55) / 4)
    assert bins[1].accuracy == 0.5
    fine = reliability_bins([0, 0, 1, 0], probabilities, bins=10)
    # right at 0.9; wrong at 0.8; right at 0.6 and wrong at 0.55, which share the bin from 0.5 to 0.6
    assert expected_calibration_error(fine) == pytest.approx((0.1 + 0.8 + 2 * abs(0.575 - 0.5)) / 4)


@given(seeds, st.integers(2, 6), st.integers(1, 30))
def test_every_decision_is_in_one_bin_and_the_error_is_a_share(seed: int, labels: int, bins: int) -> None:
    logits, gold = drawn(seed, 57, labels)
    reliability = reliability_bins(gold, probabilities_of(logits), bins)
    assert sum(reliability_bin.count for reliability_bin in reliability) == 57
    assert all(
        reliability_bin.low <= reliability_bin.confidence <= reliability_bin.high + 1e-12
        for reliability_bin in reliability
        if reliability_bin.count
    )
    assert 0 <= expected_calibration_error(reliability) <= 1


def test_confidences_on_the_edges_of_bins_and_of_the_range_are_counted() -> None:
    certain = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert [reliability_bin.count for reliability_bin in reliability_bins([0, 0], certain, bins=2)] == [1, 1]


@pytest.mark.parametrize("labels", [2, 4])
def test_brier_score_and_log_loss_are_scikit_learns(labels: int) -> None:
    logits, gold = drawn(3, 200, labels)
    probabilities = probabilities_of(logits)
    expected = sklearn_metrics.brier_score_loss(gold, probabilities, labels=range(labels), scale_by_half=True)
    assert brier_score(gold, probabilities) == pytest.approx(expected)
    assert log_loss(gold, logits) == pytest.approx(sklearn_metrics.log_loss(gold, probabilities, labels=range(labels)))


def test_the_fitted_temperature_is_the_one_that_made_a_model_too_sure() -> None:
    logits, gold = drawn(5, 20_000, 3)
    assert fit_temperature(gold, 2.5 * logits) == pytest.approx(2.5, rel=0.05)
    assert fit_temperature(gold, logits) == pytest.approx(1.0, rel=0.05)


@given(seeds, st.floats(0.2, 5))
def test_a_temperature_changes_no_decision_and_never_hurts_where_it_was_fitted(seed: int, scale: float) -> None:
    logits, gold = drawn(seed, 100, 3)
    fitted = fit_temperature(gold, scale * logits)
    assert (probabilities_of(scale * logits, fitted).argmax(1) == logits.argmax(1)).all()
    assert log_loss(gold, scale * logits, fitted) <= log_loss(gold, scale * logits) + 1e-6


def test_what_does_not_line_up_is_refused() -> None:
    with pytest.raises(DataError, match="a row of scores for each right label"):
        calibration_scores([0, 1, 1], np.zeros((2, 2)))
    with pytest.raises(DataError, match=r"right labels in 0\.\.1, got 0\.\.2"):
        brier_score([0, 2], np.full((2, 2), 0.5))
