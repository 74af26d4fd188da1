"""Predictions to scores, and to the files that show where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charbert.config.schema import Settings
from charbert.evaluation.errors import analyze_errors, write_errors
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.robustness import SetPredictions, score_set, stored_logits
from charbert.pipelines.evaluate.calibration import DEV, FIGURE, calibrate_eval_sets, keep_scores
from charbert.records import write_atomically
from charbert.runs.run import Run
from charbert.tasks.task import Task
from charbert.training.tracking import TrackedRun


def score_eval_sets(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    eval_sets: Mapping[str, Sequence[Any]],
    predictions: Mapping[str, SetPredictions],
    tracking: TrackedRun,
    dev: StoredLogits | None = None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the scores of predictions on every version of the test set, and details of how they were judged.

    Written are the predictions of each version with the scores behind them, the analysis of their errors and what
    judging found, which W&B shows too, and beside the record what each example adds to the score.

    Args:
        settings: the experiment's settings.
        cell: where all of it goes.
        task: the benchmark.
        versions: the test examples, ``clean`` first, then attacked.
        found: the predictions on them.
        tracking: the W&B run.
        dev: the model's scores on the dev set, which a temperature is fitted on.
    """
    metrics: dict[str, float] = {}
    units = {}
    for name, examples in eval_sets.items():
        score = score_set(task, name, examples, predictions[name])
        path = run.predictions_path(name)
        write_atomically(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in score.lines))
        tables = analyze_errors(task, examples, predictions[name].predictions, eval_sets["clean"])
        write_errors(tables, path.parent, name)
        for table in tables:
            if table.rows:
                tracking.table(f"errors/{settings.task.name}/{name}/{table.name}", table.columns, table.rows)
        metrics |= score.metrics
        for metric, counts in score.units.items():
            units[name if metric == task.metric else f"{name}/{metric}"] = np.asarray(counts).tolist()
    write_atomically(run.record_path.with_name("per_example.json"), json.dumps(units) + "\n")
    judged, details = _judge(settings, run, task, eval_sets, predictions, tracking, dev)
    return judged | metrics, details


def _judge(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    eval_sets: Mapping[str, Sequence[Any]],
    predictions: Mapping[str, SetPredictions],
    tracking: TrackedRun,
    dev: StoredLogits | None,
) -> tuple[dict[str, float], dict[str, Any]]:
    folder = run.predictions_path("clean").parent
    scored = {name: stored_logits(task, examples, predictions[name]) for name, examples in eval_sets.items()}
    scores = {name: set_scores for name, set_scores in scored.items() if set_scores is not None}
    keep_scores(folder, {**scores, DEV: dev})
    metrics, details = calibrate_eval_sets(
        settings.calibration,
        folder,
        scores,
        dev,
        task_name=task.name,
        decision_path=task.decision_path,
        title=f"{settings.model.name} on {settings.task.name}, seed {settings.seed}",
    )
    if metrics:
        tracking.image(f"{FIGURE}/{settings.task.name}", folder / f"{FIGURE}.png")
    return metrics, details
