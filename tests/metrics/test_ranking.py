import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from charbert.errors import DataError
from charbert.metrics.calibration import probabilities_of
from charbert.metrics.ranking import label_areas, ranking_scores


def test_areas_by_hand() -> None:
    # of the four pairs of a positive and a negative decision three are in the right order
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    areas = ranking_scores([0, 0, 1, 1], np.stack([1 - scores, scores], axis=1))
    assert areas["roc_auc"] == pytest.approx(3 / 4)
    assert areas["pr_auc"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_a_perfect_order_has_full_areas_and_a_reversed_one_none() -> None:
    scores = np.stack([np.linspace(1, 0, 10), np.linspace(0, 1, 10)], axis=1)
    gold = [0] * 5 + [1] * 5
    assert ranking_scores(gold, scores) == {"roc_auc": 1.0, "pr_auc": 1.0}
    assert ranking_scores(gold, scores[::-1])["roc_auc"] == 0.0


def test_of_more_labels_the_means_against_the_rest_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    probabilities = probabilities_of(rng.normal(size=(300, 4)))
    gold = rng.integers(0, 4, 300)
    expected = sklearn_metrics.roc_auc_score(gold, probabilities, multi_class="ovr", average="macro")
    assert ranking_scores(gold, probabilities)["roc_auc"] == pytest.approx(expected)
    expected = sklearn_metrics.average_precision_score(np.eye(4)[gold], probabilities, average="macro")
    assert ranking_scores(gold, probabilities)["pr_auc"] == pytest.approx(expected)


def test_a_label_that_never_occurs_is_left_out_and_one_label_alone_cannot_be_ranked() -> None:
    scores = np.random.default_rng(1).random((20, 3))
    assert set(label_areas([0, 1] * 10, scores)) == {0, 1}
    assert ranking_scores([1] * 20, scores) == {}


@given(st.integers(0, 1000))
def test_areas_depend_on_the_order_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, gold = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    gold[:2] = (0, 1)
    assert ranking_scores(gold, scores) == ranking_scores(gold, np.exp(scores))


def test_rows_that_do_not_line_up_are_refused() -> None:
    with pytest.raises(DataError, match="a row of scores for each right label"):
        label_areas([0, 1], np.zeros((3, 2)))
