"""A baseline fitted on one training set, in the place of a fine-tuned model; no trunk is read or trained."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from charbert.config.data.preparation import ClassWeights
from charbert.config.model.classical import BaselineKind
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.robustness import SetPredictions, stored_logits
from charbert.pipelines.build.data import set_files
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.records import ResultRecord
from charbert.runs.recorder import checksums, recorded_run
from charbert.runs.run import Run
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

_SECTIONS = ("model", "task", "data", "newswire", "preparation", "attack", "calibration")
"""What a baseline depends on; its record names no trunk, since it stands beside the models of all."""

Predict = Callable[[Sequence[Any]], SetPredictions]


def without_trunk(values: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded settings that a baseline depends on."""
    return {name: value for name, value in values.items() if name in _SECTIONS or not isinstance(value, dict)}


def is_baseline(settings: Settings) -> bool:
    """Return whether ``model`` is one that needs no trunk."""
    return settings.model.baseline.kind is not BaselineKind.none


def fit_baseline(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    eval_sets: Mapping[str, Sequence[Any]],
) -> tuple[ResultRecord, dict[str, SetPredictions]]:
    """Return the record and the predictions of a baseline; arguments as of `charbert.pipelines.train.fit.fit`.

    Raises:
        SettingsError: if classes are to be weighted, which only the loss of a fine-tuned model does.
    """
    if settings.preparation.class_weights is not ClassWeights.none:
        raise SettingsError(
            f"preparation.class_weights={settings.preparation.class_weights.name} weighs the loss of fine-tuning, and "
            f"model={settings.model.name} has none; leave it at none, or balance the examples (preparation=balanced)"
        )
    log.info("fitting %s on %s, seed %d", settings.model.name, settings.task.name, settings.seed)
    with recorded_run(settings, run) as (record, tracking):
        record.settings = without_trunk(record.settings)
        predict = _fitted(settings, task, sets["train"])
        predictions = {name: predict(examples) for name, examples in eval_sets.items()}
        dev = _dev_scores(settings, task, sets["dev"], predict)
        metrics, record.details["judging"] = score_eval_sets(settings, run, task, eval_sets, predictions, tracking, dev)
        record.details["reports"] = {name: set_predictions.report for name, set_predictions in predictions.items()}
        record.data_checksums = checksums(set_files(settings), Path(settings.data.root))
        record.finish(metrics)
    return record, predictions


def _dev_scores(settings: Settings, task: Task[Any, Any], dev: Sequence[Any], predict: Predict) -> StoredLogits | None:
    if not settings.calibration.temperature or not task.decision_labels:
        return None
    return stored_logits(task, dev, predict(dev))


def _fitted(settings: Settings, task: Task[Any, Any], train: Sequence[Any]) -> Predict:
    baseline = task.fit_baseline(train, settings.model.baseline, settings.seed)

    def predict(examples: Sequence[Any]) -> SetPredictions:
        predictions, scores = baseline(examples)
        return SetPredictions(predictions, scores=scores)

    return predict
