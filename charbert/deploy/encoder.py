"""Saves a pretrained encoder without heads, for further fine-tuning."""

from pathlib import Path

import torch

from charbert.deploy.compress.quantize import halve_weights
from charbert.integrity import check_target, written_folder
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer

WRITER = "charbert encoder"


def save_encoder(folder: str | Path, target: str | Path, *, half: bool = True) -> int:
    """Write the encoder of a pretrained or fine-tuned model without its heads, and its tokenizer.

    ``AutoModel.from_pretrained(target)`` and ``model.pretrained=TARGET`` read it.

    Args:
        folder: of the model and its tokenizer.
        target: the folder to write; one that this function wrote is replaced.
        half: 16-bit weights instead of 32-bit ones.

    Returns:
        Size of the folder in bytes.

    Raises:
        CheckpointError: if the folder has no complete encoder, or a weight is too large for 16 bits.
        SettingsError: if the target holds files that this function has not written.
    """
    check_target(target, WRITER, folder)
    tokenizer = CharBertTokenizer.from_pretrained(folder)
    if tokenizer.repairs != "token":
        tokenizer.repair = None  # of a fine-tuned model; what the encoder is fine-tuned for next has words of its own
    model = CharBertModel.from_pretrained(folder, dtype=torch.float32)
    if half:
        halve_weights(model, folder)
    with written_folder(target, WRITER, folder) as draft:
        model.save_pretrained(draft)
        tokenizer.save_pretrained(draft)
    return sum(path.stat().st_size for path in Path(target).iterdir())
