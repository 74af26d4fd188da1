"""A model and features to logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from transformers import Trainer

from charbert.batch import LABEL_FIELDS


def unpad_logits(padded: Any, features: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Return one array of logits per feature, without the padding that batching added.

    Args:
        padded: (N, T, ...) or (N, K) as the Trainer concatenates them; a pair of them (question answering) is
            stacked on a last axis.
        features: the N features, for their lengths.
    """
    if isinstance(padded, tuple | list):
        padded = np.stack([np.asarray(part) for part in padded], axis=-1)  # (N, T, 2)
    if padded.ndim == 2:
        return list(padded)
    return [row[: len(feature["input_ids"])] for row, feature in zip(padded, features, strict=True)]


def predict_logits(trainer: Trainer, features: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Return the model's logits, one array per feature, in order.

    Labels are taken out first: a test set may hold labels that the model must not see. Features of similar length
    share a batch, to pad less.
    """
    order = sorted(range(len(features)), key=lambda index: -len(features[index]["input_ids"]))
    ranked = [features[index] for index in order]
    inputs = [{k: v for k, v in feature.items() if k not in LABEL_FIELDS} for feature in ranked]
    logits = unpad_logits(trainer.predict(inputs).predictions, ranked)
    return [row for _, row in sorted(zip(order, logits, strict=True), key=lambda pair: pair[0])]
