"""Collates the features of several examples to one batch of tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charbert.batch import IGNORED_LABEL, NO_POSITION, OWN_POSITIONS, PRETRAINING_LABELS, THEIR_POSITIONS
from charbert.errors import DataError

LABELS = (*PRETRAINING_LABELS, "labels")


class PadCollator:
    """Pad each field of the examples to its longest row and stack the rows.

    Args:
        pad_values: padding value of each field with one value per subword or character
            (``processor.pad_values``); labels of that kind are filled with ``IGNORED_LABEL``. Fields with
            one number per example are stacked.
        pad_to_multiple_of: round the width of every padded field up to a multiple of this; 8 suits GPUs.
        rename: new names of fields, for a model with other names (``{"mlm_labels": "labels"}``).
    """

    def __init__(
        self,
        pad_values: Mapping[str, int],
        pad_to_multiple_of: int | None = None,
        rename: Mapping[str, str] | None = None,
    ) -> None:
        self.pad_values = dict.fromkeys(LABELS, IGNORED_LABEL) | dict(pad_values)
        self.multiple = pad_to_multiple_of or 1
        self.rename = dict(rename or {})

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """Return the batch: (B, longest row) int64 for each ragged field, (B,) for each number.

        Args:
            features: one mapping per example, all with the same fields; values are lists, arrays or numbers.

        Raises:
            DataError: if there is no example, their fields differ, or a field has no padding value.
        """
        if not features:
            raise DataError("cannot collate a batch without examples")
        names = features[0].keys()
        for position, example in enumerate(features):
            if example.keys() != names:
                raise DataError(
                    f"example {position} of the batch has the fields {sorted(example)}, the first one "
                    f"{sorted(names)}; encode all examples the same way"
                )
        batch = {name: self._column(name, [example[name] for example in features]) for name in names}
        return {self.rename.get(name, name): torch.from_numpy(column) for name, column in batch.items()}

    def _column(self, name: str, rows: list[Any]) -> NDArray[Any]:
        ragged = [isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim > 0) for row in rows]
        if not any(ragged):
            return self._stack(name, rows)
        if name not in self.pad_values:
            raise DataError(
                f"field {name} has one value per position and no padding value; known are "
                f"{', '.join(sorted(self.pad_values))}"
            )
        if not all(ragged):
            raise DataError(f"field {name} is a row of values in one example of the batch, a number in another")
        longest = max(len(row) for row in rows)
        width = -(-longest // self.multiple) * self.multiple
        column = np.full((len(rows), width), self.pad_values[name], np.int64)
        for target, row in zip(column, rows, strict=True):
            target[: len(row)] = row
        return column

    def _stack(self, name: str, rows: list[Any]) -> NDArray[Any]:
        column = np.asarray(rows)
        if column.dtype.kind == "f":
            return column.astype(np.float32)
        if column.dtype.kind not in "iub":
            raise DataError(f"field {name} must hold numbers, got {rows[0]!r}")
        return column.astype(np.int64)


@dataclass(eq=False)
class PairedCollator:
    """Collate features that contain paired examples, each of which becomes a batch inside the batch."""

    own: PadCollator
    paired: Mapping[str, PadCollator]
    """Collators of the paired examples, by name."""

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the batch; examples without paired ones, as in evaluation, give a batch without them."""
        names = [name for name in self.paired if features and name in features[0]]
        plain = [{k: v for k, v in feature.items() if k not in self.paired} for feature in features]
        inner = {name: self.paired[name]([feature[name] for feature in features]) for name in names}
        return {**self.own(plain), **inner}


def paired_collator(pad_values: Mapping[str, int], pad_to_multiple_of: int | None = None) -> PadCollator:
    """Return the collator of a paired example's fields, which include pairs of positions."""
    positions = dict.fromkeys((OWN_POSITIONS, THEIR_POSITIONS), NO_POSITION)
    return PadCollator({**pad_values, **positions}, pad_to_multiple_of)
