"""Is one form of a model as good as another? Both are asked the same, at shapes that neither was made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from charbert.batch import CHAR_INPUTS, TOKEN_INPUTS
from charbert.deploy.onnx.model import OnnxModel
from charbert.model import CharBertConfig

SHAPES = ((1, 2), (1, 19), (3, 11), (2, 37), (7, 64))
"""Rows and subwords of the batches that are compared; none is the traced one."""
TRACED = (2, 9)
"""Rows and subwords of the batch that is traced."""
POSITION_SCORES = ("start_logits", "end_logits")
"""Outputs (B, T): one decision a row, among its positions."""

Features = dict[str, Tensor]
Outputs = tuple[np.ndarray, ...]
Runs = Callable[[Features], Outputs]


@dataclass(frozen=True)
class Difference:
    """How far two forms of a model lie apart on one batch; padding does not count."""

    rows: int
    subwords: int
    largest: float
    """Largest absolute difference of a logit; inf where shapes differ or something is no number."""
    mean: float
    """Mean absolute difference."""
    spread: float
    """Standard deviation of the reference's logits, to judge the difference by."""
    agreement: float
    """Share of the decisions (the largest logit) that are the same, in [0, 1]."""


@dataclass(frozen=True)
class Probe:
    """Random questions to a model, and the comparison of two answers to them."""

    config: CharBertConfig
    """Of the model whose vocabularies the questions are drawn from."""
    inputs: Sequence[str]
    """Names of the fields that it reads."""
    outputs: Sequence[str]
    """Names of what it answers."""

    def features(self, rows: int, subwords: int, seed: int) -> Features:
        """Return a batch of random subwords of one to six random characters.

        The first row is the longest, the others are shorter, so that there is padding of both kinds.

        Args:
            rows: B.
            subwords: T, cut to what the model can read.
            seed: of the batch.
        """
        config, trunk = self.config, self.config.trunk_config
        generator = torch.Generator().manual_seed(seed)
        size = min(subwords, longest_input(config))
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
        return {name: fields[name] for name in self.inputs}

    def compare(self, reference: Runs, other: Runs, shapes: Sequence[tuple[int, int]] = SHAPES) -> list[Difference]:
        """Return how far ``other`` lies from ``reference`` on a batch of each shape (rows, subwords)."""
        differences = []
        for seed, (rows, subwords) in enumerate(shapes):
            features = self.features(rows, subwords, seed)
            mask = features["attention_mask"].bool().numpy()
            differences.append(self._difference(reference(features), other(features), mask))
        return differences

    def _difference(self, expected: Outputs, actual: Outputs, mask: np.ndarray) -> Difference:
        rows, subwords = mask.shape
        if [part.shape for part in expected] != [part.shape for part in actual]:
            return Difference(rows, subwords, float("inf"), float("inf"), 0.0, 0.0)
        gaps, same, values = [], [], []
        for name, first, second in zip(self.outputs, expected, actual, strict=True):
            by_position = first.ndim == 3 or name in POSITION_SCORES
            seen = [part[mask] if by_position else part for part in (first, second)]
            gaps.append(np.abs(seen[0] - seen[1]).ravel())
            values.append(seen[0].ravel())
            if name in POSITION_SCORES:
                seen = [np.where(mask, part, -np.inf) for part in (first, second)]
            same.append((seen[0].argmax(-1) == seen[1].argmax(-1)).ravel())
        gap = np.concatenate(gaps)
        finite = bool(np.isfinite(gap).all())
        largest, mean = (float(gap.max()), float(gap.mean())) if finite else (float("inf"), float("inf"))
        spread, agreement = np.concatenate(values).std(), np.concatenate(same).mean()
        return Difference(rows, subwords, largest, mean, float(spread), float(agreement))


def longest_input(config: CharBertConfig) -> int:
    """Return how many subwords a model can read."""
    trunk = config.trunk_config
    positions = int(trunk.max_position_embeddings)
    counts_from_padding = trunk.model_type in ("roberta", "xlm-roberta", "camembert")
    return positions - trunk.pad_token_id - 1 if counts_from_padding else positions


def runs_in_torch(model: PreTrainedModel, names: Sequence[str]) -> Runs:
    """Return what runs a model in PyTorch, without gradient; ``names`` of its outputs."""

    @torch.inference_mode()
    def run(features: Features) -> Outputs:
        output = model(**features)
        return tuple(output[name].float().numpy() for name in names)

    return run


def runs_in_onnx(model: OnnxModel) -> Runs:
    """Return what runs an exported model."""

    def run(features: Features) -> Outputs:
        logits = model({name: values.numpy() for name, values in features.items()})
        return logits if isinstance(logits, tuple) else (logits,)

    return run


def _draw(size: int, pad_id: int, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Return random ids where ``mask`` is 1, none of them the padding's, which stands elsewhere."""
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
