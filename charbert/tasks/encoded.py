"""Examples as a model reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, LABEL_FIELDS
from charbert.errors import DataError

NOT_FEATURES = ("offset_mapping", "special_tokens_mask", "overflow_to_sample_mapping", "length")
"""What a tokenizer returns that no model reads."""


@dataclass
class Encoded:
    """Examples as features, and what it takes to find the way back."""

    features: list[dict[str, Any]]
    """One mapping per model input; an example may give several (windows)."""
    origin: Any = None
    """What ``decode`` needs to put windows back together."""
    report: dict[str, int] = field(default_factory=dict)
    """Counts of what did not fit as it was, e.g. sentences cut into windows; written to the record."""


def check_logits(logits: Sequence[np.ndarray], sizes: Sequence[int], num_columns: int) -> None:
    """Check that each feature has logits.

    Args:
        logits: of each feature, (T, ``num_columns``) or longer where padded.
        sizes: T of each feature.

    Raises:
        DataError: if there are not as many logits as features, or naming the first that have another shape.
    """
    if len(logits) != len(sizes):
        raise DataError(f"expected logits for {len(sizes)} features, got {len(logits)}; was the last batch dropped?")
    for number, (row, size) in enumerate(zip(logits, sizes, strict=True)):
        if row.shape[1:] != (num_columns,) or len(row) < size:
            raise DataError(
                f"prediction {number}: expected logits of shape ({size}, {num_columns}), got {row.shape}; "
                "are these the predictions of this encoding?"
            )


def take_feature(encoding: Any, row: int, **more: Any) -> dict[str, Any]:
    """Return one row of a tokenizer's encoding as a feature, with ``more`` fields such as labels."""
    return {name: values[row] for name, values in encoding.items() if name not in NOT_FEATURES} | more


def model_inputs(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature without labels and without the number of its example."""
    return {name: value for name, value in feature.items() if name not in (*LABEL_FIELDS, EXAMPLE_IDS)}
