"""A classical baseline fitted on one training set; no trunk is read or trained."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from charbert.config.data.preparation import ClassWeights
from charbert.config.data.sets import TaskKind
from charbert.config.model.classical import BaselineKind
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.train.task_model import dev_logits, record_scores
from charbert.records import ResultRecord
from charbert.runs.recorder import recorded_run
from charbert.runs.run import Run
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

_SECTIONS = ("model", "task", "data", "newswire", "preparation", "attack", "calibration")
_ANALYSES = ("robustness", "curves", "worst_case")
"""Sections that a baseline, and an analysis of one, depends on; its record names no trunk, since it is compared across
trunks."""


def without_trunk(values: dict[str, Any]) -> dict[str, Any]:
    """Return the recorded settings that a baseline depends on."""
    kept = (*_SECTIONS, *_ANALYSES)
    return {name: value for name, value in values.items() if name in kept or not isinstance(value, dict)}


def baseline_predictor(
    settings: Settings, task: Task[Any, Any], train: Sequence[Any]
) -> Callable[[Sequence[Any]], SetPredictions]:
    """Return what predicts with the settings' baseline, fitted on training examples."""
    baseline = task.fit_baseline(train, settings.model.baseline, settings.seed)

    def predict(examples: Sequence[Any]) -> SetPredictions:
        predictions, logits = baseline(examples)
        return SetPredictions(predictions, scores=logits)

    return predict


def check_baseline(settings: Settings) -> None:
    """Check that the baseline, if ``model`` is one, can be fitted on the task.

    Raises:
        SettingsError: if it compares the texts of a pair and the task has none.
    """
    task = settings.task
    has_pairs = task.kind is TaskKind.classification and task.columns.second is not None
    if settings.model.baseline.kind is BaselineKind.overlap and not has_pairs:
        raise SettingsError(
            f"model={settings.model.name} compares the two texts of a pair, and task={task.name} has no pairs; "
            "choose a task with pairs, as qnli, or model=char_tfidf"
        )


def fit_baseline(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    eval_sets: Mapping[str, Sequence[Any]],
) -> tuple[ResultRecord, dict[str, SetPredictions]]:
    """Return the record and the predictions of a baseline; arguments as of `charbert.pipelines.train.fit.fit`.

    Raises:
        SettingsError: if ``preparation.class_weights`` is set, which only the loss of fine-tuning reads.
    """
    if settings.preparation.class_weights is not ClassWeights.none:
        raise SettingsError(
            f"preparation.class_weights={settings.preparation.class_weights.name} weights the loss of fine-tuning, and "
            f"model={settings.model.name} has none; leave it at none, or balance the examples (preparation=balanced)"
        )
    log.info("fitting %s on %s, seed %d", settings.model.name, settings.task.name, settings.seed)
    with recorded_run(settings, run) as (record, tracked):
        record.settings = without_trunk(record.settings)
        predict = baseline_predictor(settings, task, sets["train"])
        predictions = {name: predict(examples) for name, examples in eval_sets.items()}
        dev = dev_logits(settings, task, sets["dev"], lambda: predict(sets["dev"]))
        record.finish(record_scores(settings, run, task, record, tracked, eval_sets, predictions, dev))
    return record, predictions
