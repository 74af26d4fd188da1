"""Calibration of probabilities: expected calibration error, Brier score, log loss and temperature scaling.

D decisions between K labels; the confidence of a decision is the probability of its most likely label.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from charbert.errors import DataError

BINS = 15
"""Number of confidence bins in [0, 1], as in Guo et al. (2017)."""
TEMPERATURES = (0.05, 20.0)
"""Range of the temperature search; outside it probabilities are practically 0 and 1, or uniform."""


@dataclass(frozen=True)
class ReliabilityBin:
    """The decisions whose confidence is above ``low`` and at most ``high``."""

    low: float
    high: float
    count: int
    confidence: float
    """Their mean confidence; 0 without decisions."""
    accuracy: float
    """Share of them that is right; 0 without decisions."""


def probabilities_of(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the softmax of logits, (D, K), each row a distribution; a temperature above 1 makes it flatter."""
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=-1))


def reliability_bins(
    gold: Sequence[int] | np.ndarray, probabilities: np.ndarray, bins: int = BINS
) -> list[ReliabilityBin]:
    """Return the confidences in bins of equal width, with the accuracy of each bin.

    Args:
        gold: right labels, (D,).
        probabilities: (D, K).
        bins: how many, at least 1.

    Raises:
        DataError: if the numbers of labels and rows differ or there is no decision.
    """
    labels = checked_labels(gold, probabilities)
    right, confidence = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    filled_bins = []
    for place in range(bins):
        inside = places == place
        count = int(inside.sum())
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if count else (0.0, 0.0)
        filled_bins.append(ReliabilityBin(float(edges[place]), float(edges[place + 1]), count, *means))
    return filled_bins


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the mean distance between confidence and accuracy over the bins' decisions, in [0, 1]."""
    distance = sum(part.count * abs(part.confidence - part.accuracy) for part in bins)
    return distance / max(1, sum(part.count for part in bins))


def brier_score(gold: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> float:
    """Return half the mean squared distance of the distributions from the right labels, in [0, 1].

    For two labels it is the squared error of the positive label's probability; for more it is half of Brier's sum over
    the labels, which has the same range.

    Raises:
        DataError: if the numbers of labels and rows differ or there is no decision.
    """
    distance = probabilities.copy()
    distance[np.arange(len(distance)), checked_labels(gold, probabilities)] -= 1
    return float((distance**2).sum(axis=1).mean() / 2)


def log_loss(gold: Sequence[int] | np.ndarray, logits: np.ndarray, temperature: float = 1.0) -> float:
    """Return the mean negative log probability of the right label, in nats."""
    rows = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=-1)
    return float(-rows[np.arange(len(rows)), np.asarray(gold)].mean())


def fit_temperature(gold: Sequence[int] | np.ndarray, logits: np.ndarray) -> float:
    """Return the temperature that minimizes the log loss, in [0.05, 20].

    Dividing logits by it changes no decision, only the confidence (Guo et al., 2017). Fit it on other examples than the
    evaluated ones.

    Raises:
        DataError: if the numbers of labels and rows differ or there is no decision.
    """
    checked_labels(gold, logits)
    low, high = (math.log(bound) for bound in TEMPERATURES)
    minimum = minimize_scalar(lambda log: log_loss(gold, logits, math.exp(log)), bounds=(low, high), method="bounded")
    return math.exp(float(minimum.x))


def calibration_scores(
    gold: Sequence[int] | np.ndarray, logits: np.ndarray, *, bins: int = BINS, temperature: float = 1.0
) -> dict[str, float]:
    """Return ``ece``, ``brier``, ``nll`` (in nats) and the mean ``confidence``.

    Raises:
        DataError: if the numbers of labels and rows differ or there is no decision.
    """
    probabilities = probabilities_of(logits, temperature)
    return {
        "ece": expected_calibration_error(reliability_bins(gold, probabilities, bins)),
        "brier": brier_score(gold, probabilities),
        "nll": log_loss(gold, logits, temperature),
        "confidence": float(probabilities.max(axis=1).mean()),
    }


def checked_labels(gold: Sequence[int] | np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the right labels, (D,), after checking that they fit scores, (D, K).

    Raises:
        DataError: if the numbers of labels and rows differ, there is no decision, or a label has no column.
    """
    labels = np.asarray(gold)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise DataError(f"expected a row of scores for each right label, got shapes {labels.shape} and {scores.shape}")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise DataError(f"expected right labels in 0..{scores.shape[1] - 1}, got {labels.min()}..{labels.max()}")
    return labels
