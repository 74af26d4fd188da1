"""The tokenizer's output, and the types of its rows: lists, NumPy arrays, tensors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from transformers import BatchEncoding

from charbert.errors import SettingsError
from charbert.text.alignment import SpelledSubwords
from charbert.text.rows import flatten_rows, split_rows


class CharBertEncoding(BatchEncoding):
    """A ``BatchEncoding`` that also keeps the characters of its subwords, for ``CharBertTokenizer.hide_subwords``."""

    subwords: SpelledSubwords | None = None
    """Characters of each subword before layout; None for a plain trunk."""
    max_chars: int | None = None
    """Fixed length of the char rows in the released layout."""


def to_tensor(rows: Any, name: str, form: str) -> Any:
    """Return the rows of the field ``name`` as a NumPy array ("np") or a tensor ("pt").

    Raises:
        SettingsError: for another form, or if the rows differ in length.
    """
    if form not in ("np", "pt"):
        raise SettingsError(f"return_tensors must be 'np', 'pt' or None, got {form!r}")
    try:
        array = np.array(rows, np.int64)
    except ValueError:
        raise SettingsError(
            f"return_tensors={form!r} needs rows of one length, those of {name} differ; set padding=True"
        ) from None
    return torch.from_numpy(array) if form == "pt" else array


def pads(padding: Any) -> bool:
    """Return whether a value of the option ``padding`` asks for padding."""
    return padding not in (False, "do_not_pad")


def form_of(rows: Any) -> str:
    """Return the type of rows: "pt" for a tensor, "np" for an array, "rows" for lists."""
    if isinstance(rows, torch.Tensor):
        return "pt"
    return "np" if isinstance(rows, np.ndarray) else "rows"


def pad_char_fields(
    fields: Mapping[str, Any], input_ids: Any, pad_values: Mapping[str, int], side: str, *, is_padded: bool
) -> dict[str, Any]:
    """Return char fields of one row or of a batch, padded to fit ``input_ids``, and of its type.

    Args:
        fields: the char fields, or some of them, before padding.
        input_ids: the subwords after padding, (T,) or (B, T).
        side: where the subwords are padded; characters are always padded at the end.
        is_padded: whether to pad at all, or only to convert.

    Raises:
        SettingsError: if tensors are requested and the rows differ in length.
    """
    form = form_of(input_ids)
    padded: dict[str, Any] = {}
    for name, values in fields.items():
        flat, lengths, is_batch = flatten_rows(values)
        rows = split_rows(flat, lengths)
        if is_padded:
            width = int(lengths.max()) if name == "char_input_ids" else np.shape(input_ids)[-1]
            left = side == "left" and name != "char_input_ids"
            fill = [[pad_values[name]] * (width - len(row)) for row in rows]
            rows = [more + row if left else row + more for row, more in zip(rows, fill, strict=True)]
        given: Any = rows if is_batch else rows[0]
        padded[name] = given if form == "rows" else to_tensor(given, name, form)
    return padded
