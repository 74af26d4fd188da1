"""Runs an exported model on NumPy arrays; imports neither torch nor transformers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charbert.errors import CheckpointError, DataError, import_extra

ONNX_FILE = "model.onnx"
"""The graph in an exported folder."""
EXPORT_FILE = "charbert_export.json"
"""What was exported and how, and its differences from PyTorch."""

Logits = NDArray[np.float32]


class OnnxModel:
    """An exported model in ONNX Runtime.

    ``model(features)`` takes the fields of a batch, int64, (B, T) or (B, C) each, as `CharBertTokenizer` gives them;
    other fields are ignored. It returns the logits: (B, T, K) of tags, (B, K) of labels,
    and a pair of (B, T) for the starts and ends of answers or of (B, T, V) and (B, T, W) for MLM and NLM.

    Args:
        path: the exported folder, or a graph.
        threads: of the runtime; None: its default.

    Raises:
        SettingsError: if ONNX Runtime is not installed.
        CheckpointError: if there is no graph, or one that cannot be read.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None) -> None:
        graph = Path(path) / ONNX_FILE if Path(path).is_dir() else Path(path)
        if not graph.is_file():
            raise CheckpointError(
                f"{graph}: expected an exported model, got no such file; "
                "charbert.deploy.onnx.export.export_model writes it"
            )
        runtime = import_extra("onnxruntime", f"running {graph.name}", "deploy")
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors; warnings of the graph optimizer do not help a user
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = runtime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors share no base class of their own
            raise CheckpointError(f"{graph}: expected an exported model, got {error}; export it again") from None
        self.input_names = tuple(model_input.name for model_input in self._session.get_inputs())
        self.output_names = tuple(output.name for output in self._session.get_outputs())

    def __call__(self, features: Mapping[str, Any]) -> Logits | tuple[Logits, ...]:
        """Return the logits of a batch.

        Raises:
            DataError: if a field that the graph reads is missing.
        """
        if missing := [name for name in self.input_names if name not in features]:
            raise DataError(
                f"the exported model reads {', '.join(self.input_names)}; the batch has no {', '.join(missing)}"
            )
        outputs = self._session.run(None, {name: np.asarray(features[name], np.int64) for name in self.input_names})
        logits = tuple(np.asarray(output, np.float32) for output in outputs)
        return logits[0] if len(logits) == 1 else logits


def read_export(folder: str | Path) -> dict[str, Any]:
    """Return the report of an export: head, inputs, differences from PyTorch, versions.

    Raises:
        CheckpointError: if the folder has no export, or a damaged one.
    """
    path = Path(folder) / EXPORT_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: expected the report of an export in JSON, got {error}") from None
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: expected the report of an export, got {type(content).__name__}")
    return content
