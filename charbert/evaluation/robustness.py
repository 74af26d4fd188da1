"""One fine-tuned model on a test set, clean and under every attack (Sec. 4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.evaluation.predict import predict_logits
from charbert.tasks.task import Task

CLEAN = "eval"
ATTACKED = "attack"


@dataclass
class SetScore:
    """What a model reaches on one version of a test set."""

    name: str
    """clean, or the attack's name."""
    metrics: dict[str, float]
    """Scores under path keys, e.g. ``attack/ner/released/f1``."""
    units: np.ndarray
    """What each example adds to the metric, (N, K), for paired tests."""
    predictions: list[Mapping[str, Any]]
    """Gold and prediction of each example in readable form."""
    report: dict[str, int] = field(default_factory=dict)
    """What did not fit the model as it was, e.g. sentences cut into windows."""


def score_set(
    task: Task[Any, Any],
    name: str,
    examples: Sequence[Any],
    processor: Processor,
    max_length: int,
    trainer: Any,
) -> SetScore:
    """Return the scores of the trainer's model on one version of the test set.

    Args:
        task: the benchmark.
        name: clean, or the attack's name.
        examples: the test examples, attacked or not, in the order of the file.
        processor: text to model inputs.
        max_length: subwords per input.
        trainer: holds the model and the batch size.
    """
    encoded = task.encode(examples, processor, max_length)
    predictions = task.decode(predict_logits(trainer, encoded.features), encoded)
    prefix = f"{CLEAN}/{task.name}" if name == "clean" else f"{ATTACKED}/{task.name}/{name}"
    return SetScore(
        name=name,
        metrics={f"{prefix}/{key}": value for key, value in task.score(examples, predictions).items()},
        units=task.units(examples, predictions),
        predictions=[task.describe(e, p) for e, p in zip(examples, predictions, strict=True)],
        report=encoded.report,
    )
