"""A batch of features to logits, in PyTorch or ONNX Runtime."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from charbert.deploy.onnx.export import load_model
from charbert.deploy.onnx.model import ONNX_FILE, OnnxModel
from charbert.errors import SettingsError

Batch = Mapping[str, torch.Tensor]
Logits = np.ndarray | tuple[np.ndarray, ...]


Backend = Callable[[Batch], Logits]
"""Maps a batch to the logits (B, T, K) of tags, (B, K) of labels, or those of starts and of ends, (B, T) each."""


class TorchBackend:
    """Runs a model in PyTorch, with dropout off and no gradient.

    Args:
        model: with a head; it stays on its device.
    """

    def __init__(self, model: Any) -> None:
        self.model = model.eval()

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> Logits:
        """Return the logits."""
        output = self.model(**{name: values.to(self.model.device) for name, values in batch.items()})
        names = ("logits",) if "logits" in output else ("start_logits", "end_logits")
        logits = tuple(output[name].float().cpu().numpy() for name in names)
        return logits[0] if len(logits) == 1 else logits


def load_backend(folder: Path, *, device: str = "cpu", threads: int | None = None) -> Backend:
    """Return the backend of a folder: ONNX Runtime where the model was exported, else PyTorch.

    Args:
        folder: of a fine-tuned or exported model.
        device: of PyTorch, as cpu, cuda, cuda:1 or mps; an exported model computes on the CPU.
        threads: for ONNX Runtime; PyTorch has one number for the whole process.

    Raises:
        SettingsError: if this machine does not have the device, or an exported model is asked to leave the CPU.
    """
    if (folder / ONNX_FILE).is_file():
        if device != "cpu":
            raise SettingsError(f"device must be cpu for {folder}, an exported model, got {device}")
        return OnnxModel(folder, threads=threads)
    _check_device(device)
    return TorchBackend(load_model(folder).to(device))


def _check_device(device: str) -> None:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    names = ["cpu"]
    if accelerator is not None:
        names += [accelerator.type, *(f"{accelerator.type}:{at}" for at in range(torch.accelerator.device_count()))]
    if device not in names:
        raise SettingsError(f"device must be one that PyTorch finds here, {' or '.join(names)}, got {device}")
