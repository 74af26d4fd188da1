"""Traces a model as an ONNX graph for any number of rows, subwords and characters."""

import copy
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from charbert.errors import CheckpointError, import_extra

OPSET = 20
"""The first version with GELU as one operator."""
AXES = {"char_input_ids": ("batch", "characters")}
"""Names of the axes of a field; the other fields have the axes batch and subwords."""


class GruOperator(nn.Module):
    """The Bi-GRU of a char encoder as one ONNX operator, bidirectional and with a length for each row.

    The mirrored passes of `charbert.model.char_encoder.CharGru` would be exported as two operators and four
    gathers, and torch's own would be unrolled to a fixed number of characters. It can be traced but not run.

    Args:
        gru: source of the weights, which are reordered from torch's gates (r, z, n) to those of ONNX (z, r, h).
    """

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.hidden_size = gru.hidden_size
        for name, parts in {"inputs": ["weight_ih"], "states": ["weight_hh"], "biases": ["bias_ih", "bias_hh"]}.items():
            rows = [
                torch.cat([_reordered(getattr(gru, f"{part}_l0{direction}")) for part in parts])
                for direction in ("", "_reverse")
            ]
            self.register_buffer(name, torch.stack(rows).detach())

    def forward(self, chars: Tensor, lengths: Tensor | None = None) -> Any:
        """Map (B, C, E) to states (B, C, 2h); without lengths returns a pair with None, as ``nn.GRU`` returns a pair.

        States after the last character of a row are zero.
        """
        rows, size = chars.shape[0], chars.shape[1]
        steps = torch.full((rows,), size, dtype=torch.int32) if lengths is None else lengths.clamp(min=1).int()
        inputs: tuple[Any, ...] = (chars.transpose(0, 1), self.inputs, self.states, self.biases, steps)
        states = torch.onnx.ops.symbolic(
            "GRU",
            inputs,
            {"hidden_size": self.hidden_size, "direction": "bidirectional", "linear_before_reset": 1},
            dtype=chars.dtype,
            shape=(size, 2, rows, self.hidden_size),
            version=OPSET,
        )
        joined = states.permute(2, 0, 1, 3).flatten(2)  # (C, 2, B, h) -> (B, C, 2h)
        return (joined, None) if lengths is None else joined


class WindowProduct(nn.Module):
    """The convolution of an interaction as one matrix product, which ONNX Runtime can quantize.

    Args:
        mix: source of the weights; its window is odd and its padding keeps the length.
    """

    def __init__(self, mix: nn.Conv1d) -> None:
        super().__init__()
        features, channels, self.window = mix.weight.shape
        self.product = nn.Linear(channels * self.window, features)
        self.product.weight = nn.Parameter(mix.weight.detach().permute(0, 2, 1).reshape(features, -1))
        self.product.register_parameter("bias", cast("nn.Parameter | None", mix.bias))

    def forward(self, joint: Tensor) -> Tensor:
        """Map (B, 2H, T) to (B, H, T)."""
        size, side = joint.shape[2], self.window // 2
        padded = F.pad(joint, (side, side)).transpose(1, 2)  # (B, T + window - 1, 2H)
        windows = torch.cat([padded[:, start : start + size] for start in range(self.window)], dim=-1)
        return self.product(windows).transpose(1, 2)


class _Outputs(nn.Module):
    """A model with a head, as a function of its inputs that returns its logits."""

    def __init__(self, model: PreTrainedModel, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = list(names)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor | None = None,
        char_input_ids: Tensor | None = None,
        start_ids: Tensor | None = None,
        end_ids: Tensor | None = None,
        shape_ids: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        inputs = (input_ids, attention_mask, token_type_ids, char_input_ids, start_ids, end_ids)
        output = self.model(*inputs, **({} if shape_ids is None else {"shape_ids": shape_ids}))
        return tuple(output[name] for name in self.names)


def output_names(model: PreTrainedModel) -> tuple[str, ...]:
    """Return the names of a model's outputs, in the order of the graph.

    Raises:
        CheckpointError: if it has no head.
    """
    head = type(model).__name__.removeprefix("CharBertFor")
    if head == "PreTraining":
        heads = {"mlm_logits": model.mlm_head, "nlm_logits": model.nlm_head}
        return tuple(name for name, module in heads.items() if module is not None)
    if head == "QuestionAnswering":
        return "start_logits", "end_logits"
    if head in ("MaskedLM", "SequenceClassification", "TokenClassification"):
        return ("logits",)
    raise CheckpointError(f"expected a model with a head to export, got {type(model).__name__}")


def trace(model: PreTrainedModel, example: Mapping[str, Tensor]) -> Any:
    """Return the ONNX program of a model; ``program.save(path)`` writes it.

    Args:
        model: with a head, in evaluation mode, on the CPU in float32; it is not changed.
        example: a batch with the inputs of the graph; its rows, subwords and characters differ in number and are at
            least two.

    Raises:
        SettingsError: if the extra ``deploy`` is not installed.
        CheckpointError: if the model cannot be traced for any shape.
    """
    import_extra("onnxscript", "exporting to ONNX", "deploy")
    traced = copy.deepcopy(model)
    encoder = traced.base_model.char_encoder
    if hasattr(encoder, "gru"):
        encoder.gru = GruOperator(encoder.gru)
    for interaction in traced.base_model.interactions:
        interaction.mix = WindowProduct(interaction.mix)
    names = output_names(model)
    shapes = {name: {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC} for name in example}
    try:
        with _quietly(), torch.no_grad():
            wrapped = _Outputs(traced, names).eval()
            graph = torch.export.export(wrapped, (), dict(example), dynamic_shapes=shapes, strict=False)
            program = torch.onnx.export(
                graph,
                (),
                kwargs=dict(example),
                dynamo=True,
                opset_version=OPSET,
                output_names=list(names),
                verbose=False,
            )
    except Exception as error:  # the tracer raises errors of many classes
        raise CheckpointError(f"{type(model).__name__} could not be traced: {error}") from error
    _name_axes(program)
    return program


def _name_axes(program: Any) -> None:
    """Name the axes of inputs and outputs; the tracer only numbers them."""
    ir = import_extra("onnx_ir", "exporting to ONNX", "deploy")
    for value in program.model.graph.inputs:
        value.shape = ir.Shape(AXES.get(value.name, ("batch", "subwords")))
    for value in program.model.graph.outputs:
        sizes = list(value.shape)
        fixed = [size if isinstance(size, int) else "subwords" for size in sizes[1:]]
        value.shape = ir.Shape(["batch", *fixed])


def _reordered(weights: Tensor) -> Tensor:
    reset, update, new = weights.chunk(3)
    return torch.cat([update, reset, new])


@contextmanager
def _quietly() -> Iterator[None]:
    """Turn off the progress messages and deprecation warnings of the tracer."""
    noisy = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in noisy]
    for logger in noisy:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(noisy, levels, strict=True):
            logger.setLevel(level)
