"""Predicted labels to accuracy, Matthews correlation, precision, recall, F1 and a confusion matrix."""

from collections.abc import Sequence

import numpy as np
from sklearn import metrics as sklearn_metrics

from charbert.errors import DataError

Labels = Sequence[int] | np.ndarray
"""Ids of labels, one for each decision."""


def accuracy(gold: Labels, predicted: Labels) -> float:
    """Return the share of right labels, in [0, 1].

    Raises:
        DataError: if there is nothing to score or the two have different lengths.
    """
    gold_labels, predicted_labels = _as_labels(gold, predicted)
    return float((gold_labels == predicted_labels).mean())


def matthews(gold: Labels, predicted: Labels) -> float:
    """Return the Matthews correlation (phi), in [-1, 1]; 0 when either side has one label only.

    Paper: Table 1, the CoLA column.

    Raises:
        DataError: if there is nothing to score or the two have different lengths.
    """
    gold_labels, predicted_labels = _as_labels(gold, predicted)
    if min(len(np.unique(gold_labels)), len(np.unique(predicted_labels))) < 2:
        return 0.0
    return float(sklearn_metrics.matthews_corrcoef(gold_labels, predicted_labels))


def averaged_scores(gold: Labels, predicted: Labels) -> dict[str, float]:
    """Return precision, recall and F1 averaged in three ways, ``macro_f1``, ``micro_recall`` and so on, in [0, 1].

    ``macro`` averages the labels' scores, ``weighted`` weights them by their share of the gold, ``micro`` counts all
    decisions together, so that all three micro averages are the accuracy. They are over the labels in the gold or the
    predictions.

    Raises:
        DataError: if there is nothing to score or the two have different lengths.
    """
    gold_labels, predicted_labels = _as_labels(gold, predicted)
    scores: dict[str, float] = {}
    for average in ("macro", "micro", "weighted"):
        values = sklearn_metrics.precision_recall_fscore_support(
            gold_labels, predicted_labels, average=average, zero_division=0.0
        )
        scores |= {
            f"{average}_{name}": float(x) for name, x in zip(("precision", "recall", "f1"), values, strict=False)
        }
    return scores


def positive_scores(gold: Labels, predicted: Labels) -> dict[str, float]:
    """Return ``precision``, ``recall`` and ``f1`` of label 1 against the rest, in [0, 1].

    Raises:
        DataError: if there is nothing to score or the two have different lengths.
    """
    gold_labels, predicted_labels = (side == 1 for side in _as_labels(gold, predicted))
    values = sklearn_metrics.precision_recall_fscore_support(
        gold_labels, predicted_labels, average="binary", zero_division=0.0
    )
    return {name: float(value) for name, value in zip(("precision", "recall", "f1"), values, strict=False)}


def confusion_matrix(gold: Labels, predicted: Labels, num_labels: int) -> np.ndarray:
    """Return (num_labels, num_labels) counts: row is the gold label, column the predicted one.

    Raises:
        DataError: if there is nothing to score, lengths differ, or a label is outside 0..num_labels-1.
    """
    gold_labels, predicted_labels = _as_labels(gold, predicted)
    for name, side in (("gold", gold_labels), ("predicted", predicted_labels)):
        if side.min() < 0 or side.max() >= num_labels:
            raise DataError(f"expected {name} labels in 0..{num_labels - 1}, got {side.min()}..{side.max()}")
    return np.asarray(sklearn_metrics.confusion_matrix(gold_labels, predicted_labels, labels=range(num_labels)))


def _as_labels(gold: Labels, predicted: Labels) -> tuple[np.ndarray, np.ndarray]:
    gold_labels, predicted_labels = np.asarray(gold), np.asarray(predicted)
    if gold_labels.ndim != 1 or gold_labels.shape != predicted_labels.shape or not len(gold_labels):
        raise DataError(
            f"expected one predicted label for each gold one, got shapes {gold_labels.shape} and "
            f"{predicted_labels.shape}"
        )
    return gold_labels, predicted_labels
