"""Quantizes weights: 8-bit integers in an exported model, 16-bit floats in a saved one."""

import logging
from pathlib import Path

import torch
from transformers import PreTrainedModel

from charbert.deploy.onnx.export import WRITER, copy_side_files, load_model, write_report
from charbert.deploy.onnx.model import ONNX_FILE, OnnxModel, read_export
from charbert.deploy.onnx.parity import Difference, Probe, runs_in_onnx
from charbert.errors import CheckpointError, import_extra
from charbert.integrity import check_target, written_folder
from charbert.model.loading.configurations import read_config

DISTANCE = 0.2
"""Largest mean difference of an int8 model's logits, as a share of their standard deviation."""
OPERATORS = ("MatMul", "Gather")
"""Products of matrices and embeddings. The GRU has no 8-bit form in ONNX Runtime; norms and biases are small."""


def quantize_model(folder: str | Path, target: str | Path, *, distance: float = DISTANCE) -> list[Difference]:
    """Write an exported model with int8 weights, and return its differences from the exported one.

    Dynamic quantization of ONNX Runtime: weights are rounded once, with a scale for each output feature, and
    activations in each run with a scale for the batch, so no calibration data are needed. Because of the scale, the
    logits of a row depend slightly on the other rows of its batch. Weights are in [-64, 64], so the integer products
    are exact on every CPU.

    Args:
        folder: an exported model, see `charbert.deploy.onnx.export.export_model`.
        target: the folder to write; one that this function wrote is replaced.
        distance: refuse a model whose logits differ on average by more than this share of their standard deviation.

    Raises:
        CheckpointError: if the folder has no exported model, or the int8 model differs too much.
        SettingsError: if the extra ``deploy`` is not installed, or the target holds files of others.
    """
    onnx, quantization = (import_extra(name, "quantizing", "deploy") for name in ("onnx", "onnxruntime.quantization"))
    check_target(target, WRITER, folder)
    source = Path(folder)
    about = read_export(source)
    before = OnnxModel(source)
    probe = Probe(read_config(source), before.input_names, before.output_names)
    graph = onnx.load(source / ONNX_FILE)
    del graph.graph.value_info[:]  # the library transposes the matrix of a label head, and refuses its old shape
    with written_folder(target, WRITER, folder) as draft:
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # the library gives advice through the root logger that does not apply here
        try:
            quantization.quantize_dynamic(
                graph,
                draft / ONNX_FILE,
                op_types_to_quantize=list(OPERATORS),
                per_channel=True,
                reduce_range=True,  # 7 bits of 8: CPUs without VNNI sum two products in 16 bits, where 8 bits overflow
                weight_type=quantization.QuantType.QInt8,
            )
        finally:
            root.setLevel(level)
        after = OnnxModel(draft)
        differences = probe.compare(runs_in_onnx(before), runs_in_onnx(after))
        for difference in differences:
            if not difference.mean <= distance * difference.spread:
                raise CheckpointError(
                    f"{source}: expected int8 logits within {distance:g} of their standard deviation "
                    f"{difference.spread:.3g}, got {difference.mean:.3g} on average on {difference.rows} rows of "
                    f"{difference.subwords} subwords; nothing was written"
                )
        copy_side_files(source, draft)
        write_report(draft, about | {"weights": "int8", "tolerance": None, "distance": distance}, after, differences)
    return differences


def halve_weights(model: PreTrainedModel, source: str | Path) -> PreTrainedModel:
    """Return the model itself with its weights as 16-bit floats.

    Args:
        model: changed in place.
        source: its folder, for the error message.

    Raises:
        CheckpointError: if a weight is beyond the range of 16 bits.
    """
    largest = torch.finfo(torch.float16).max
    for name, weight in model.state_dict().items():
        if weight.is_floating_point() and bool((weight.abs() > largest).any()):
            raise CheckpointError(
                f"{source}: expected weights within +-{largest:g}, got {weight.abs().max():g} in {name}"
            )
    return model.half()


def halve_model(folder: str | Path, target: str | Path) -> None:
    """Write a model with its weights as 16-bit floats, half the size; it is loaded as 32-bit floats.

    Args:
        folder: of a model with a head and its processor.
        target: the folder to write; one that this function wrote is replaced.

    Raises:
        CheckpointError: if the folder has no such model, or a weight beyond the range of 16 bits.
    """
    source = Path(folder)
    model = halve_weights(load_model(source), source)
    with written_folder(target, "charbert.deploy.compress.quantize.halve_model", folder) as draft:
        copy_side_files(source, draft)
        model.save_pretrained(draft)
