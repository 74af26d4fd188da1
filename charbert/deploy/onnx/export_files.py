"""The command ``charbert export``: a folder in, an exported folder out."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from charbert.deploy.compress.quantize import quantize_model
from charbert.deploy.onnx.export import export_model
from charbert.deploy.predict.predictor import find_model


def export_files(model: Path, target: Path, *, int8: bool) -> None:
    """Write a model as an ONNX folder, and say on standard error how near it comes to the model.

    Args:
        model: its folder, or that of the run that has it.
        target: the folder to write; one that exists is replaced.
        int8: whether the weights are rounded to 8 bits.

    Raises:
        CheckpointError: if there is no such model, or what was exported differs from it.
        SettingsError: if the extra ``deploy`` is not installed.
    """
    source = find_model(model)
    if not int8:
        worst = max(difference.largest for difference in export_model(source, target))
        sys.stderr.write(f"{target}: every logit within {worst:.1e} of PyTorch\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        export_model(source, Path(folder) / "float32")
        differences = quantize_model(Path(folder) / "float32", target)
    share = max(difference.mean / difference.spread for difference in differences)
    sys.stderr.write(f"{target}: logits within {100 * share:.1f} % of their standard deviation, on average\n")
