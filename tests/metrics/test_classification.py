import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from charbert.errors import DataError
from charbert.metrics.classification import (
    accuracy,
    averaged_scores,
    confusion_matrix,
    matthews,
    positive_scores,
)

GOLD = [1, 1, 1, 1, 0, 0]
PREDICTED = [1, 1, 1, 0, 0, 1]  # 3 true positives, 1 false negative, 1 true negative, 1 false positive


def test_known_values() -> None:
    assert accuracy(GOLD, PREDICTED) == pytest.approx(4 / 6)
    assert matthews(GOLD, PREDICTED) == pytest.approx((3 * 1 - 1 * 1) / np.sqrt(4 * 4 * 2 * 2))
    assert positive_scores(GOLD, PREDICTED)["f1"] == pytest.approx(6 / 8)
    averages = averaged_scores(GOLD, PREDICTED)
    assert averages["macro_f1"] == pytest.approx((6 / 8 + 2 / 4) / 2)
    assert averages["weighted_f1"] == pytest.approx((4 * 6 / 8 + 2 * 2 / 4) / 6)
    assert averages["micro_f1"] == pytest.approx(4 / 6)
    assert confusion_matrix(GOLD, PREDICTED, 2).tolist() == [[1, 1], [1, 3]]


def test_one_label_only_has_no_correlation() -> None:
    assert matthews([1, 0, 1], [1, 1, 1]) == 0.0


def test_a_label_that_never_occurs_has_its_row() -> None:
    assert confusion_matrix([0, 2], [0, 0], 4).shape == (4, 4)


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="one predicted label"):
        accuracy([1, 0], [1])
    with pytest.raises(DataError, match="one predicted label"):
        matthews([], [])
    with pytest.raises(DataError, match=r"predicted labels in 0\.\.1"):
        confusion_matrix([0, 1], [0, 2], 2)


def test_averages_are_scikit_learns_and_micro_is_the_accuracy() -> None:
    gold, predicted = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2]
    scores = averaged_scores(gold, predicted)
    assert len(scores) == 9
    for name, value in scores.items():
        average, _, which = name.partition("_")
        expected = getattr(sklearn_metrics, f"{which}_score")(gold, predicted, average=average)
        assert value == pytest.approx(expected), name
    assert scores["micro_precision"] == scores["micro_recall"] == scores["micro_f1"] == accuracy(gold, predicted)


def test_scores_of_the_positive_label_by_hand() -> None:
    scores = positive_scores([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
    assert scores == {"precision": 0.5, "recall": pytest.approx(1 / 3), "f1": pytest.approx(0.4)}
    assert positive_scores([0, 0], [0, 0]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
