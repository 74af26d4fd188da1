"""Log probabilities of labels, none impossible."""

from collections.abc import Sequence

import numpy as np


def log_shares(counts: Sequence[int]) -> np.ndarray:
    """Return the log of each label's share, (K,), half a count added so that none is impossible."""
    smoothed = np.asarray(counts, dtype=np.float64) + 0.5
    return np.asarray(np.log(smoothed / smoothed.sum()))


def spread_columns(log_probabilities: np.ndarray, classes: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """Return log probabilities of the labels that training had, (N, classes), in columns for all labels, (N, K)."""
    spread = np.full((len(log_probabilities), len(labels)), np.log(1e-6))
    spread[:, [list(labels).index(name) for name in classes]] = np.maximum(log_probabilities, np.log(1e-12))
    return spread
