"""Areas under the ROC curve and the precision-recall curve."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn import metrics as sklearn_metrics

from charbert.metrics.calibration import checked_labels


def label_areas(gold: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> dict[int, tuple[float, float]]:
    """Return the areas of each label against the rest, label -> (ROC, precision-recall), both in [0, 1].

    The area under the precision-recall curve is the average precision, without interpolation between points. A label of
    all decisions or of none is left out, since its areas are undefined.

    Args:
        gold: right labels, (D,).
        probabilities: or other scores, (D, K), higher for more likely labels.

    Raises:
        DataError: if the numbers of labels and rows differ or there is no decision.
    """
    right = checked_labels(gold, probabilities)
    areas: dict[int, tuple[float, float]] = {}
    measures: tuple[Callable[..., float], ...] = (
        sklearn_metrics.roc_auc_score,
        sklearn_metrics.average_precision_score,
    )
    for label in range(probabilities.shape[1]):
        member = right == label
        if member.any() and not member.all():
            roc, precision_recall = (float(area(member, probabilities[:, label])) for area in measures)
            areas[label] = (roc, precision_recall)
    return areas


def ranking_scores(gold: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return ``roc_auc`` and ``pr_auc``, in [0, 1]; an empty dict where all decisions have the same right label.

    For two labels the areas of label 1; for more the means over the labels that occur, each against the rest.

    Raises:
        DataError: see `label_areas`.
    """
    areas = label_areas(gold, probabilities)
    chosen = [areas[1]] if probabilities.shape[1] == 2 and 1 in areas else list(areas.values())
    if not chosen:
        return {}
    roc, precision_recall = (float(np.mean(side)) for side in zip(*chosen, strict=True))
    return {"roc_auc": roc, "pr_auc": precision_recall}
