"""Exports a fine-tuned or pretrained model as an ONNX folder that runs without PyTorch."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

import charbert.model as models
from charbert.deploy.onnx.model import EXPORT_FILE, ONNX_FILE, OnnxModel
from charbert.deploy.onnx.parity import TOLERANCE, TRACED, Difference, Probe, runs_in_onnx, runs_in_torch
from charbert.deploy.onnx.tracing import OPSET, output_names, trace
from charbert.deploy.predict.side_files import copy_usage
from charbert.errors import CheckpointError, import_extra
from charbert.integrity import check_target, written_folder
from charbert.model.loading.configurations import read_config
from charbert.model.loading.weights import load_whole
from charbert.model.tokenization import CharBertTokenizer
from charbert.provenance import package_versions

log = logging.getLogger(__name__)

WRITER = "charbert export"


def export_model(folder: str | Path, target: str | Path) -> list[Difference]:
    """Write a model as ``target``: graph, configuration, processor and report; return its differences from PyTorch.

    The graph reads any number of rows, subwords and characters. It is compared with the model at several shapes, and
    the folder is written only if every logit is the same up to rounding.

    Args:
        folder: of a model with a head and its processor, as fine-tuning or pretraining saves it.
        target: the folder to write; one that this function wrote is replaced.

    Raises:
        CheckpointError: if the folder holds no such model, it cannot be traced, or the graph differs from it.
        SettingsError: if the extra ``deploy`` is not installed, or the target holds files of others.
    """
    import_extra("onnxruntime", "exporting to ONNX", "deploy")
    check_target(target, WRITER, folder)
    source = Path(folder)
    model = load_model(source)
    log.info("exporting %s to %s", source, target)
    inputs = tuple(CharBertTokenizer.from_pretrained(source).pad_values)
    probe = Probe(model.config, inputs, output_names(model))
    program = trace(model, probe.features(*TRACED, seed=0))
    with written_folder(target, WRITER, folder) as draft:
        program.save(str(draft / ONNX_FILE))
        exported = OnnxModel(draft)
        differences = probe.compare(runs_in_torch(model, probe.outputs), runs_in_onnx(exported))
        _check(differences, source)
        copy_side_files(source, draft)
        about = {"model": type(model).__name__, "weights": "float32", "opset": OPSET, "tolerance": TOLERANCE}
        write_report(draft, about, exported, differences)
    return differences


def load_model(folder: Path, **options: Any) -> PreTrainedModel:
    """Return the model with a head from a folder, in float32 on the CPU, in evaluation mode.

    Args:
        folder: where fine-tuning or pretraining saved it.
        **options: more of ``from_pretrained``.

    Raises:
        CheckpointError: if there is none, only an exported one, or one that is not whole.
    """
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder}: expected the folder of a model, got one without config.json")
    name = (read_config(folder).architectures or ["none"])[0]
    kind = getattr(models, name, None)
    if kind is None or not name.startswith("CharBertFor"):
        known = ", ".join(sorted(class_name for class_name in models.__all__ if class_name.startswith("CharBertFor")))
        raise CheckpointError(f"{folder}: expected a model with a head ({known}), got {name}")
    if (folder / ONNX_FILE).is_file():
        raise CheckpointError(
            f"{folder}: expected a model in PyTorch, got an exported one; give the folder that it was exported from"
        )
    model: PreTrainedModel = load_whole(kind.from_pretrained, folder, dtype=torch.float32, **options)[0]
    return model.eval()


def copy_side_files(source: Path, target: Path) -> None:
    """Copy the files of a model other than its weights: configuration, processor, usage and corrector."""
    read_config(source).save_pretrained(target)
    CharBertTokenizer.from_pretrained(source).save_pretrained(target)
    copy_usage(source, target)


def write_report(folder: Path, about: dict[str, Any], exported: OnnxModel, differences: Sequence[Difference]) -> None:
    """Write the report that `charbert.deploy.onnx.model.read_export` reads."""
    report = {
        **about,
        "inputs": exported.input_names,
        "outputs": exported.output_names,
        "parity": [asdict(difference) for difference in differences],
        "versions": package_versions(),
    }
    (folder / EXPORT_FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _check(differences: Sequence[Difference], source: Path) -> None:
    worst = max(differences, key=lambda difference: difference.largest / difference.tolerance)
    if not worst.is_rounding:
        raise CheckpointError(
            f"{source}: expected logits within {worst.tolerance:.2g} of PyTorch, got {worst.largest:.2g} on "
            f"{worst.rows} rows of {worst.subwords} subwords; nothing was written"
        )
