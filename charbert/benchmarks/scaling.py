"""A cost model: the time of a training step from its operations, weights and characters, fitted to measured steps."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import nnls

from charbert.benchmarks.steps import PAPER, build_model, make_batch, training_flops, training_step
from charbert.benchmarks.timing import median_seconds
from charbert.config.bench import BenchSettings, ShapeSettings
from charbert.config.training.trainer import Precision


@dataclass(frozen=True)
class CostModel:
    """Seconds of a step: its matrix products, the work for each weight, the steps of the GRU, and a constant."""

    seconds_per_operation: float
    seconds_per_weight: float
    seconds_per_character: float
    """Of the longest row, which the GRU reads character by character."""
    seconds_per_step: float

    def seconds(self, causes: Sequence[float]) -> float:
        """Return the time of a step from its operations, weights and characters."""
        return float(np.dot(list(asdict(self).values()), [*causes, 1.0]))


def varied_shapes(base: ShapeSettings) -> list[ShapeSettings]:
    """Return variations of a shape in one size at a time: width, depth, length, batch."""
    changes: list[dict[str, int]] = [{}]
    changes += [{"hidden_size": base.hidden_size * share // 4} for share in (1, 2, 3)]
    changes += [{"layers": max(1, base.layers * share // 4)} for share in (1, 2, 3)]
    changes += [{"length": max(8, base.length * share // 4)} for share in (1, 2)]
    changes += [{"batch_size": base.batch_size * share} for share in (2, 4)]
    fits = [{"heads": _heads(change.get("hidden_size", base.hidden_size), base.heads)} | change for change in changes]
    return [replace(base, **change) for change in fits]


def measure_scaling(bench: BenchSettings, shapes: Sequence[ShapeSettings]) -> dict[str, Any]:
    """Return the fitted model and, for each shape, its time, its subwords per second and the predicted time."""
    rows = [(shape, causes(bench, shape), _step_seconds(bench, shape)) for shape in shapes]
    model = fit_cost([cause for _, cause, _ in rows], [seconds for *_, seconds in rows])
    steps = [
        asdict(shape)
        | {
            "seconds": seconds,
            "subwords_per_second": shape.batch_size * shape.length / seconds,
            "predicted_seconds": model.seconds(cause),
        }
        for shape, cause, seconds in rows
    ]
    return {"model": asdict(model), "steps": steps}


def causes(bench: BenchSettings, shape: ShapeSettings) -> list[float]:
    """Return the causes of a step's time: operations, weights, and characters of a row."""
    weights = sum(parameter.numel() for parameter in build_model(PAPER, bench, shape, bench.dropout).parameters())
    return [training_flops(PAPER, bench, shape), weights, make_batch(bench, shape)["char_input_ids"].shape[1]]


def fit_cost(measured: Sequence[Sequence[float]], seconds: Sequence[float]) -> CostModel:
    """Return the cost model with the least squared relative error; no cost is negative.

    Args:
        measured: the `causes` of each step.
        seconds: the time of each step.
    """
    rows = np.column_stack([np.asarray(measured, dtype=np.float64), np.ones(len(seconds))])
    relative = rows / np.asarray(seconds)[:, None]
    scale = relative.max(axis=0)
    costs, _ = nnls(relative / scale, np.ones(len(seconds)))
    return CostModel(*(costs / scale).tolist())


def _step_seconds(bench: BenchSettings, shape: ShapeSettings) -> float:
    step = training_step(PAPER, bench, shape, Precision.bf16, bench.dropout)
    return median_seconds({"step": step}, bench.repetitions)["step"]


def _heads(hidden_size: int, most: int) -> int:
    """Return the largest number of heads up to ``most`` such that four times as many divide the width."""
    return next(heads for heads in range(most, 0, -1) if hidden_size % (4 * heads) == 0)
