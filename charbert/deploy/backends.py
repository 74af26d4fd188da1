"""A batch of features to logits: the seam between what predicts and how a model runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from charbert.errors import CheckpointError, SettingsError
from charbert.model import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)

ONNX_FILE = "model.onnx"

_MODELS: dict[str, Any] = {
    "token_classification": CharBertForTokenClassification,
    "sequence_classification": CharBertForSequenceClassification,
    "question_answering": CharBertForQuestionAnswering,
}

Batch = Mapping[str, torch.Tensor]
Logits = np.ndarray | tuple[np.ndarray, np.ndarray]


class Backend(Protocol):
    """Runs a fine-tuned model."""

    def __call__(self, batch: Batch) -> Logits:
        """Return the logits (B, T, K) of tags, (B, K) of labels, or those of starts and of ends, (B, T) each."""


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
        return _logits_of([output[name].float().cpu().numpy() for name in _output_names(output)])


class OnnxBackend:
    """Runs an exported model in ONNX Runtime.

    Args:
        path: the exported graph.
        threads: of the runtime; None: its own choice.

    Raises:
        SettingsError: if ONNX Runtime is not installed.
        CheckpointError: if the graph cannot be read.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        try:
            runtime = importlib.import_module("onnxruntime")
        except ImportError:
            raise SettingsError(f"{path} needs ONNX Runtime: pip install 'charbert[deploy]'") from None
        options = runtime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors share no base class of their own
            raise CheckpointError(f"{path}: expected an exported model, got {error}; export it again") from None
        self._inputs = [one.name for one in self._session.get_inputs()]

    def __call__(self, batch: Batch) -> Logits:
        """Return the logits."""
        outputs = self._session.run(None, {name: batch[name].numpy() for name in self._inputs})
        return _logits_of([np.asarray(one, dtype=np.float32) for one in outputs])


def load_backend(folder: Path, head: str, *, device: str = "cpu", threads: int | None = None) -> Backend:
    """Return the backend of a folder: ONNX Runtime where the model was exported, else PyTorch.

    Args:
        folder: of a fine-tuned or exported model.
        head: as in `charbert.deploy.usage.Usage`.
        device: for PyTorch.
        threads: for ONNX Runtime; PyTorch has one number for the whole process.
    """
    exported = folder / ONNX_FILE
    if exported.is_file():
        return OnnxBackend(exported, threads)
    return TorchBackend(_MODELS[head].from_pretrained(folder, dtype=torch.float32).to(device))


def _output_names(output: Mapping[str, Any]) -> Sequence[str]:
    return ("logits",) if "logits" in output else ("start_logits", "end_logits")


def _logits_of(outputs: Sequence[np.ndarray]) -> Logits:
    return outputs[0] if len(outputs) == 1 else (outputs[0], outputs[1])
