"""Saves a pretrained encoder without heads, for further fine-tuning."""

from __future__ import annotations

from pathlib import Path

import torch

from charbert.deploy.compress.quantize import halve_weights
from charbert.errors import CheckpointError
from charbert.files import replaced_folder
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer


def save_encoder(folder: str | Path, target: str | Path, *, half: bool = True) -> int:
    """Write the encoder of a pretrained or fine-tuned model without its heads, and its tokenizer.

    ``AutoModel.from_pretrained(target)`` and ``model.pretrained=TARGET`` read it.

    Args:
        folder: of the model and its tokenizer.
        target: the folder to write; an existing one is replaced.
        half: 16-bit weights instead of 32-bit ones.

    Returns:
        Size of the folder in bytes.

    Raises:
        CheckpointError: if the folder has no complete encoder, or a weight is too large for 16 bits.
    """
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    model, report = CharBertModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{folder}: expected the weights of an encoder, got none for {', '.join(missing[:3])}")
    if half:
        halve_weights(model, folder)
    with replaced_folder(target) as draft:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
    return sum(path.stat().st_size for path in Path(target).iterdir())
