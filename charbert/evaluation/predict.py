"""Logits of a model for features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from charbert.tasks.encoded import model_inputs

if TYPE_CHECKING:
    from transformers import Trainer  # a second's import that predicting for raw text does not need


def unpad_logits(padded: Any, features: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Return one array of logits per feature, without the padding that batching added.

    Args:
        padded: (N, T, ...) or (N, K) as the Trainer concatenates them; a pair (question answering) is stacked on a last
            axis.
        features: the N features, for their lengths.
    """
    if isinstance(padded, tuple | list):
        padded = np.stack([np.asarray(part) for part in padded], axis=-1)  # (N, T, 2)
    if padded.ndim == 2:
        return list(padded)
    return [row[: len(feature["input_ids"])] for row, feature in zip(padded, features, strict=True)]


def longest_first(features: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places of features by their length, so that those in one batch need little padding."""
    return sorted(range(len(features)), key=lambda index: -len(features[index]["input_ids"]))


def predict_logits(trainer: Trainer, features: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Return the model's logits, one array per feature, in order.

    Labels are removed first: a test set may contain labels that the model does not know. Features of similar length
    share a batch, to reduce padding.
    """
    order = longest_first(features)
    inputs = [model_inputs(features[index]) for index in order]
    logits = unpad_logits(trainer.predict(inputs).predictions, inputs)
    return [row for _, row in sorted(zip(order, logits, strict=True), key=lambda pair: pair[0])]


def run_logits(
    run: Callable[[Any], Any],
    features: Sequence[Mapping[str, Any]],
    collate: Callable[[Sequence[Mapping[str, Any]]], Any],
    batch_size: int,
) -> list[np.ndarray]:
    """Return the logits of a model without a Trainer, one array per feature, in order.

    Args:
        run: maps a batch to logits, as `charbert.deploy.predict.backends.Backend` does.
        features: their labels are removed, and those of similar length share a batch.
    """
    order = longest_first(features)
    all_logits: list[np.ndarray] = [np.empty(0)] * len(features)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        part = [model_inputs(features[row]) for row in rows]
        for row, logits in zip(rows, unpad_logits(run(collate(part)), part), strict=True):
            all_logits[row] = logits
    return all_logits
