import json

import numpy as np
import pytest

from charbert.evaluation.calibration import calibration_report, calibration_text, temperature_of
from charbert.evaluation.logits import StoredLogits


def scores(logits: list[list[float]], gold: list[int], labels: str = "ab") -> StoredLogits:
    return StoredLogits.of_examples([np.array([row]) for row in logits], gold, list(labels))


BINARY = scores([[2, 0], [0, 1], [0, 3], [1, 0]], [0, 0, 1, 1])


def test_two_labels_are_scored_by_the_second_one() -> None:
    metrics = calibration_report(BINARY, bins=5).metrics
    assert (metrics["accuracy"], metrics["precision"], metrics["recall"], metrics["f1"]) == (0.5, 0.5, 0.5, 0.5)
    assert metrics["matthews"] == 0
    assert metrics["roc_auc"] == pytest.approx(3 / 4)  # b leads by 3 and -1 where it is right, by 1 and -2 where not
    assert metrics["confidence"] == pytest.approx(np.mean(1 / (1 + np.exp(-np.array([2, 1, 3, 1])))))
    assert "temperature" not in metrics


def test_more_labels_are_averaged_and_have_no_positive_one() -> None:
    measured = calibration_report(scores([[3, 0, 0], [0, 3, 0], [0, 3, 0], [3, 0, 0]], [0, 1, 2, 0], "abc"), bins=5)
    assert not {"precision", "recall", "f1"} & measured.metrics.keys()
    assert measured.metrics["micro_f1"] == measured.metrics["accuracy"] == 0.75
    assert measured.metrics["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert measured.areas["a"] == {"roc_auc": 1.0, "pr_auc": 1.0}
    assert set(measured.areas) == {"a", "b", "c"}


def test_a_temperature_is_reported_beside_and_changes_nothing_else() -> None:
    plain, scaled = (
        calibration_report(BINARY, bins=5).metrics,
        calibration_report(BINARY, bins=5, temperature=2.0).metrics,
    )
    assert {name: scaled[name] for name in plain} == plain
    assert scaled.keys() - plain.keys() == {
        "temperature",
        *(f"scaled_{name}" for name in ("ece", "brier", "nll", "confidence")),
    }
    assert scaled["scaled_confidence"] < scaled["confidence"]


def test_what_was_not_seen_is_not_scored() -> None:
    unseen = StoredLogits.of_examples([np.full((2, 2), np.nan)], [0, 1], "ab")
    assert calibration_report(unseen, bins=5).metrics == {}
    assert temperature_of(unseen) is None
    assert temperature_of(None) is None
    half = StoredLogits.of_examples([*BINARY.examples, np.full((1, 2), np.nan)], [*BINARY.gold, 0], "ab")
    assert calibration_report(half, bins=5) == calibration_report(BINARY, bins=5)


def test_one_right_label_leaves_nothing_to_rank() -> None:
    assert "roc_auc" not in calibration_report(scores([[2, 0], [1, 0]], [0, 0]), bins=5).metrics


def test_the_file_has_everything() -> None:
    content = json.loads(calibration_text(calibration_report(BINARY, bins=4, temperature=1.5)))
    assert content["decisions"] == 4
    assert len(content["bins"]) == len(content["scaled_bins"]) == 4
    assert sum(reliability_bin["count"] for reliability_bin in content["bins"]) == 4
