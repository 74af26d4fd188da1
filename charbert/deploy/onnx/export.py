"""A fine-tuned or pretrained model as an ONNX folder that is used alone."""

from __future__ import annotations

import json
import logging
import pickle
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedModel

import charbert.model as models
from charbert.deploy.onnx.model import EXPORT_FILE, ONNX_FILE, OnnxModel, import_deploy
from charbert.deploy.onnx.parity import TRACED, Difference, Probe, runs_in_onnx, runs_in_torch
from charbert.deploy.onnx.tracing import OPSET, output_names, trace
from charbert.deploy.predict.usage import USAGE_FILE
from charbert.errors import CheckpointError
from charbert.files import replaced_folder
from charbert.model.processing import CharBertProcessor
from charbert.provenance import package_versions

log = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""Largest difference of a logit from PyTorch's that an export may have."""


def export_model(folder: str | Path, target: str | Path, *, tolerance: float = TOLERANCE) -> list[Difference]:
    """Write a model as ``target``: graph, configuration, processor and report; return how near it comes to PyTorch.

    The graph reads any number of rows, subwords and characters. It is compared with the model at several shapes, and
    the folder appears only if every logit agrees.

    Args:
        folder: of a model with a head and its processor, as fine-tuning or pretraining saves it.
        target: the folder to write; one that exists is replaced.
        tolerance: largest difference of a logit.

    Raises:
        CheckpointError: if the folder holds no such model, it cannot be traced, or the graph differs from it.
        SettingsError: if the extra ``deploy`` is not installed.
    """
    import_deploy("onnxruntime", "exporting to ONNX")
    source = Path(folder)
    model = load_model(source)
    log.info("exporting %s to %s", source, target)
    inputs = tuple(CharBertProcessor.from_pretrained(source).pad_values)
    probe = Probe(model.config, inputs, output_names(model))
    program = trace(model, probe.features(*TRACED, seed=0))
    with replaced_folder(target) as draft:
        program.save(str(draft / ONNX_FILE))
        exported = OnnxModel(draft)
        differences = probe.compare(runs_in_torch(model, probe.outputs), runs_in_onnx(exported))
        _check(differences, source, tolerance)
        copy_side_files(source, draft)
        about = {"model": type(model).__name__, "weights": "float32", "opset": OPSET, "tolerance": tolerance}
        write_report(draft, about, exported, differences)
    return differences


def load_model(folder: Path, **options: Any) -> PreTrainedModel:
    """Return the model with a head that a folder holds, in float32 on the CPU, in evaluation mode.

    Args:
        folder: where fine-tuning or pretraining saved it.
        **options: more of ``from_pretrained``.

    Raises:
        CheckpointError: if there is none, or only an exported one.
    """
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder}: expected the folder of a model, got none with config.json")
    name = (AutoConfig.from_pretrained(folder, trust_remote_code=False).architectures or ["none"])[0]
    kind = getattr(models, name, None)
    if kind is None or not name.startswith("CharBertFor"):
        known = ", ".join(sorted(class_name for class_name in models.__all__ if class_name.startswith("CharBertFor")))
        raise CheckpointError(f"{folder}: expected a model with a head ({known}), got {name}")
    if (folder / ONNX_FILE).is_file():
        raise CheckpointError(
            f"{folder}: expected a model in PyTorch, got an exported one; name the one it was made of"
        )
    try:
        model: PreTrainedModel = kind.from_pretrained(folder, dtype=torch.float32, **options)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{folder}: expected weights of tensors alone, got a file with other objects "
            f"({str(error).splitlines()[0]}); who wrote it?"
        ) from error
    return model.eval()


def copy_side_files(source: Path, target: Path) -> None:
    """Copy what a model needs beside its weights: configuration, processor, and how it is to be used."""
    AutoConfig.from_pretrained(source, trust_remote_code=False).save_pretrained(target)
    CharBertProcessor.from_pretrained(source).save_pretrained(target)
    if (source / USAGE_FILE).is_file():
        shutil.copyfile(source / USAGE_FILE, target / USAGE_FILE)


def write_report(folder: Path, about: dict[str, Any], exported: OnnxModel, differences: Sequence[Difference]) -> None:
    """Write what `charbert.deploy.onnx.model.read_export` reads."""
    report = {
        **about,
        "inputs": exported.input_names,
        "outputs": exported.output_names,
        "parity": [asdict(difference) for difference in differences],
        "versions": package_versions(),
    }
    (folder / EXPORT_FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _check(differences: Sequence[Difference], source: Path, tolerance: float) -> None:
    worst = max(differences, key=lambda difference: difference.largest)
    if not worst.largest <= tolerance:
        raise CheckpointError(
            f"{source}: expected an export within {tolerance:g} of PyTorch, got {worst.largest:g} on {worst.rows} rows "
            f"of {worst.subwords} subwords; nothing was written"
        )
