"""The processor's output, and the types of its rows: lists, NumPy arrays, tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers import BatchEncoding

from charbert.errors import SettingsError
from charbert.text.alignment import SpelledSubwords


class CharBertEncoding(BatchEncoding):
    """A ``BatchEncoding`` that also keeps the characters of its subwords, for ``CharBertProcessor.hide_subwords``."""

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


def form_of(rows: Any) -> str:
    """Return the type of rows: "pt" for a tensor, "np" for an array, "rows" for lists."""
    if isinstance(rows, torch.Tensor):
        return "pt"
    return "np" if isinstance(rows, np.ndarray) else "rows"
