"""Compares the logits of two forms of a model on random batches of several shapes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from charbert.batch import CHAR_INPUTS, SHAPE_INPUT, TOKEN_INPUTS
from charbert.deploy.onnx.model import OnnxModel
from charbert.model import CharBertConfig
from charbert.model.inputs.word_shapes import NUM_SHAPES
from charbert.model.trunk import usable_positions

SHAPES = ((1, 2), (1, 19), (3, 11), (2, 37), (7, 64))
"""Rows and subwords of the batches that are compared; none is the traced one."""
TRACED = (2, 9)
"""Rows and subwords of the batch that is traced."""
POSITION_SCORES = ("start_logits", "end_logits")
"""Outputs (B, T) with one decision per row, among its positions."""
TOLERANCE = 1000 * float(np.finfo(np.float32).eps)
"""Largest difference by rounding, as a share of the largest logit: 1.2e-4.

ONNX Runtime and PyTorch sum in different orders, and the rounding errors add up over the layers.
"""

Features = dict[str, Tensor]
Outputs = tuple[np.ndarray, ...]
Runs = Callable[[Features], Outputs]


@dataclass(frozen=True)
class Difference:
    """How much the logits of two forms of a model differ on one batch, without padding."""

    rows: int
    subwords: int
    largest: float
    """Largest absolute difference of a logit; inf if shapes differ or a value is not finite."""
    mean: float
    """Mean absolute difference."""
    spread: float
    """Standard deviation of the reference's logits."""
    agreement: float
    """Share of the decisions (the largest logit) that are the same, in [0, 1]."""
    magnitude: float
    """Largest absolute logit of the reference."""

    @property
    def tolerance(self) -> float:
        """The largest difference by rounding alone; values of size 1 are summed to logits, even to smaller ones."""
        return TOLERANCE * max(1.0, self.magnitude)

    @property
    def is_rounding(self) -> bool:
        """Whether no logit differs by more than rounding."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Probe:
    """Random batches for a model, and the comparison of two forms of it on them."""

    config: CharBertConfig
    """Of the model; ids are drawn from its vocabularies."""
    inputs: Sequence[str]
    """Names of the fields that the model reads."""
    outputs: Sequence[str]
    """Names of the model's outputs."""

    def features(self, rows: int, subwords: int, seed: int) -> Features:
        """Return a batch of random subwords of one to six random characters.

        The first row is the longest, the others are shorter, so that there is padding of both kinds.

        Args:
            rows: B.
            subwords: T, cut to the model's maximum length.
        """
        config, trunk = self.config, self.config.trunk_config
        generator = torch.Generator().manual_seed(seed)
        size = min(subwords, usable_positions(config) or subwords)
        lengths = torch.randint(1, size + 1, (rows,), generator=generator)
        lengths[0] = size
        mask = (torch.arange(size) < lengths[:, None]).long()
        pad_id = trunk.pad_token_id or 0
        ids = _draw(config.vocab_size, pad_id, mask, generator)
        types = torch.zeros_like(mask)
        if getattr(trunk, "type_vocab_size", 1) > 1:
            types = (torch.arange(size) >= lengths[:, None] // 2).long() * mask
        fields = dict(zip(TOKEN_INPUTS, (ids, mask, types), strict=True))
        if config.has_char_channel:
            fields |= _random_characters(config, mask, generator)
        if config.word_shapes:
            fields[SHAPE_INPUT] = torch.randint(0, NUM_SHAPES, mask.shape, generator=generator) * mask
        return {name: fields[name] for name in self.inputs}

    def compare(self, reference: Runs, other: Runs, shapes: Sequence[tuple[int, int]] = SHAPES) -> list[Difference]:
        """Return how much ``other`` differs from ``reference`` on a batch of each shape (rows, subwords)."""
        differences = []
        for seed, (rows, subwords) in enumerate(shapes):
            features = self.features(rows, subwords, seed)
            mask = features["attention_mask"].bool().numpy()
            differences.append(self._difference(reference(features), other(features), mask))
        return differences

    def _difference(self, expected: Outputs, actual: Outputs, mask: np.ndarray) -> Difference:
        rows, subwords = mask.shape
        if [part.shape for part in expected] != [part.shape for part in actual]:
            return Difference(rows, subwords, math.inf, math.inf, spread=0.0, agreement=0.0, magnitude=0.0)
        gaps, same, values = [], [], []
        for name, first, second in zip(self.outputs, expected, actual, strict=True):
            by_position = first.ndim == 3 or name in POSITION_SCORES
            seen = [part[mask] if by_position else part for part in (first, second)]
            gaps.append(np.abs(seen[0] - seen[1]).ravel())
            values.append(seen[0].ravel())
            if name in POSITION_SCORES:
                seen = [np.where(mask, part, -np.inf) for part in (first, second)]
            same.append((seen[0].argmax(-1) == seen[1].argmax(-1)).ravel())
        gap, logits = np.concatenate(gaps), np.concatenate(values)
        finite = bool(np.isfinite(gap).all())
        return Difference(
            rows,
            subwords,
            largest=float(gap.max()) if finite else math.inf,
            mean=float(gap.mean()) if finite else math.inf,
            spread=float(logits.std()),
            agreement=float(np.concatenate(same).mean()),
            magnitude=float(np.abs(logits).max()),
        )


def runs_in_torch(model: PreTrainedModel, names: Sequence[str]) -> Runs:
    """Return a function that runs a model in PyTorch without gradients and returns the outputs with these names."""

    @torch.inference_mode()
    def run(features: Features) -> Outputs:
        output = model(**features)
        return tuple(output[name].float().numpy() for name in names)

    return run


def runs_in_onnx(model: OnnxModel) -> Runs:
    """Return a function that runs an exported model."""

    def run(features: Features) -> Outputs:
        logits = model({name: values.numpy() for name, values in features.items()})
        return logits if isinstance(logits, tuple) else (logits,)

    return run


def _draw(size: int, pad_id: int, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Return random ids other than ``pad_id`` where ``mask`` is 1, and ``pad_id`` elsewhere."""
    ids = torch.randint(0, size, mask.shape, generator=generator)
    ids = torch.where(ids == pad_id, (pad_id + 1) % size, ids)
    return torch.where(mask.bool(), ids, pad_id)


def _random_characters(config: CharBertConfig, mask: Tensor, generator: torch.Generator) -> Features:
    counts = torch.randint(1, 7, mask.shape, generator=generator) * mask
    ends = counts.cumsum(1)
    widths = ends[:, -1]
    shown = (torch.arange(int(widths.max())) < widths[:, None]).long()
    characters = _draw(config.char_vocab_size, config.char_pad_id, shown, generator)
    return dict(zip(CHAR_INPUTS, (characters, (ends - counts) * mask, (ends - 1) * mask), strict=True))
