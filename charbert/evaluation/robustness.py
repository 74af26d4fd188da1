"""One fine-tuned model on a test set, clean and under every attack (Sec. 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from charbert.batch import Processor
from charbert.evaluation.correction import correct_examples
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.metric_paths import metric_path
from charbert.evaluation.predict import predict_logits
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task


@dataclass
class SetPredictions:
    """What a model says about one version of a test set."""

    predictions: list[Any]
    """One an example, as ``Task.decode`` gives them."""
    report: dict[str, int] = field(default_factory=dict)
    """What did not fit the model as it was, e.g. sentences cut into windows."""
    corrected: list[str] | None = None
    """The texts that the model read, where a corrector stands in front of it."""
    scores: list[np.ndarray] | None = None
    """The logits of each example's decisions, see `Task.stored_logits`."""


@dataclass
class SetScore:
    """What a model reaches on one version of a test set."""

    name: str
    """clean, or the attack's name."""
    metrics: dict[str, float]
    """Scores under path keys, e.g. ``attack/ner/released/f1``."""
    units: dict[str, np.ndarray]
    """What each example adds to a metric, (N, K), for paired tests, by metric."""
    lines: list[dict[str, Any]]
    """Gold and prediction of each example in readable form."""


def predict_set(
    task: Task[Any, Any],
    examples: Sequence[Any],
    processor: Processor,
    max_length: int,
    trainer: Any,
    corrector: WordCorrector | None = None,
) -> SetPredictions:
    """Return the predictions of the trainer's model on one version of the test set.

    Args:
        task: the benchmark.
        examples: the test examples, attacked or not, in the order of the file.
        processor: text to model inputs.
        max_length: subwords per input.
        trainer: holds the model and the batch size.
        corrector: the word recogniser in front of the model, if any.
    """
    read = correct_examples(task, examples, corrector)
    encoded = task.encode(read, processor, max_length)
    predictions = predict_encoded(task, encoded, trainer)
    predictions.corrected = None if corrector is None else task.texts(read)
    return predictions


def predict_encoded(task: Task[Any, Any], encoded: Encoded, trainer: Any) -> SetPredictions:
    """Return the predictions of the trainer's model on examples that are encoded already."""
    return decode_encoded(task, encoded, predict_logits(trainer, encoded.features))


def decode_encoded(task: Task[Any, Any], encoded: Encoded, logits: Sequence[np.ndarray]) -> SetPredictions:
    """Return the predictions that a model's logits, one array per feature, are."""
    predictions = task.decode(logits, encoded)
    return SetPredictions(predictions, encoded.report, scores=task.stored_logits(logits, encoded, predictions))


def stored_logits(task: Task[Any, Any], examples: Sequence[Any], predictions: SetPredictions) -> StoredLogits | None:
    """Return the scores of a set's decisions with what is right, None where the task or the model has none."""
    if predictions.scores is None:
        return None
    ids = {label: position for position, label in enumerate(task.decision_labels)}
    gold = [ids[label] for label in task.decisions(examples, predictions.predictions)[0]]
    return StoredLogits.of_examples(predictions.scores, gold, task.decision_labels)


def score_set(task: Task[Any, Any], name: str, examples: Sequence[Any], predictions: SetPredictions) -> SetScore:
    """Return the scores of predictions on one version of the test set.

    Args:
        task: the benchmark.
        name: clean, or the attack's name.
        examples: the test examples, attacked or not.
        found: one prediction an example.
    """
    prefix = metric_path(task.name, name)
    metrics = task.averages(examples, predictions.predictions) | task.score(examples, predictions.predictions)
    lines = [dict(task.describe(e, p)) for e, p in zip(examples, predictions.predictions, strict=True)]
    for line, text in zip(lines, predictions.corrected or [], strict=False):
        line["corrected"] = text
    return SetScore(
        name=name,
        metrics={f"{prefix}/{key}": value for key, value in metrics.items()},
        units={metric: task.units(examples, predictions.predictions, metric) for metric in task.tested_metrics},
        lines=lines,
    )
