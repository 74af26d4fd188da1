"""Examples as a model reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from charbert.batch import EXAMPLE_IDS, LABEL_FIELDS

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


def take_feature(encoding: Any, row: int, **more: Any) -> dict[str, Any]:
    """Return one row of a tokenizer's encoding as a feature, with ``more`` fields such as labels."""
    return {name: values[row] for name, values in encoding.items() if name not in NOT_FEATURES} | more


def model_inputs(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature without labels and without the number of its example."""
    return {name: value for name, value in feature.items() if name not in (*LABEL_FIELDS, EXAMPLE_IDS)}
