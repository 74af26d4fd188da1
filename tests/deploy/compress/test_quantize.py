"""Fewer bits: how far int8 and half precision lie from the model they were made of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig

from charbert.deploy.compress.quantize import DISTANCE, halve_model, quantize_model
from charbert.deploy.onnx.export import export_model, load_model
from charbert.deploy.onnx.model import OnnxModel, read_export
from charbert.deploy.onnx.parity import Probe, runs_in_onnx
from charbert.errors import CheckpointError

onnx = pytest.importorskip("onnx")


def test_int8_logits_stay_within_the_stated_distance(exported_tagger: Path, tmp_path: Path) -> None:
    quantize_model(exported_tagger, tmp_path / "int8")
    before, after = OnnxModel(exported_tagger, threads=1), OnnxModel(tmp_path / "int8", threads=1)
    probe = Probe(AutoConfig.from_pretrained(exported_tagger), before.input_names, before.output_names)
    for difference in probe.compare(runs_in_onnx(before), runs_in_onnx(after), [(3, 17), (1, 30)]):
        assert 0 < difference.mean <= DISTANCE * difference.spread
    assert read_export(tmp_path / "int8")["weights"] == "int8"


@pytest.mark.slow
def test_a_classifier_and_a_reader_become_int8(save_model: Callable[..., Path], tmp_path: Path) -> None:
    for head in ("sequence_classification", "question_answering"):
        export_model(save_model(head, chars=False), tmp_path / head)
        quantize_model(tmp_path / head, tmp_path / f"{head}-int8")
        assert read_export(tmp_path / f"{head}-int8")["weights"] == "int8"


def test_int8_holds_no_large_matrix_of_floats_but_the_gru(exported_tagger: Path, tmp_path: Path) -> None:
    quantize_model(exported_tagger, tmp_path / "int8")
    graph = onnx.load(tmp_path / "int8" / "model.onnx").graph
    kept = {node_input for node in graph.node if node.op_type == "GRU" for node_input in node.input}
    floats = [
        tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT and tensor.name not in kept
    ]
    assert max(len(tensor.dims) == 2 and min(tensor.dims) > 1 for tensor in floats) is False
    assert any(tensor.data_type == onnx.TensorProto.INT8 for tensor in graph.initializer)


def test_int8_products_do_not_overflow_on_a_cpu_without_vnni(exported_tagger: Path, tmp_path: Path) -> None:
    quantize_model(exported_tagger, tmp_path / "int8")
    graph = onnx.load(tmp_path / "int8" / "model.onnx").graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    matrices = [
        stored[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger" and node.input[1] in stored
    ]
    assert matrices and all(matrix.dtype == np.int8 for matrix in matrices)
    largest = max(int(np.abs(matrix.astype(int)).max()) for matrix in matrices)
    two_products = 2 * np.iinfo(np.uint8).max * largest  # such a CPU adds them in 16 bits, and cuts off what is beyond
    assert two_products <= np.iinfo(np.int16).max


def test_int8_that_is_too_far_off_is_refused_and_leaves_nothing(exported_tagger: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"expected int8 logits within 1e-06 .* nothing was written"):
        quantize_model(exported_tagger, tmp_path / "int8", distance=1e-6)
    assert list(tmp_path.iterdir()) == []


def test_half_precision_is_half_the_size_and_answers_alike(tagger: Path, tmp_path: Path) -> None:
    halve_model(tagger, tmp_path / "half")
    weights = load_file(tmp_path / "half" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    before, after = load_model(tagger), load_model(tmp_path / "half")
    assert after.dtype is torch.float32
    for name, weight in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[name], weight, rtol=1e-3, atol=1e-6)


def test_a_weight_beyond_16_bits_is_refused_by_name(save_model: Callable[..., Path], tmp_path: Path) -> None:
    model = load_model(source := save_model("token_classification", chars=False))
    with torch.no_grad():
        model.classifier.weight[0, 0] = 1e6
    model.save_pretrained(source)
    with pytest.raises(CheckpointError, match=r"got 1e\+06 in classifier\.weight"):
        halve_model(source, tmp_path / "half")
    assert not (tmp_path / "half").exists()
