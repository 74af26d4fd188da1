"""Predictions to scores, and to the files that they are computed from."""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from charbert.config.schema import Settings
from charbert.data.readers.squad import Question
from charbert.evaluation.errors import analyze_errors, write_errors
from charbert.evaluation.logits import SUFFIX, StoredLogits, write_scores
from charbert.evaluation.metric_paths import CHANGED_WORDS, DEV, GROUPS, metric_path
from charbert.evaluation.robustness import SetPredictions, changed_share, score_set, stored_logits
from charbert.pipelines.evaluate.calibration import calibrate_eval_sets
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
    tracked: TrackedRun,
    dev: StoredLogits | None = None,
    clean_of: Mapping[str, str] | None = None,
    articles: Sequence[Question] | None = None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the scores of predictions on every eval set, and details of their calibration for the record.

    Files of each set: the predictions, their logits, the analysis of their errors (in W&B too) and the calibration
    report. ``per_example.json`` beside the record holds what each example adds to the scores, and the number of its
    article or document, see `example_groups`.

    Args:
        run: where the files go.
        eval_sets: the test examples, ``clean`` first, then attacked.
        dev: the model's logits on the dev set, which a temperature is fitted on.
        clean_of: name of the clean set that each set is a copy of, or is itself; None: ``clean`` for all.
        articles: see `charbert.tasks.task.Task.groups`.
    """
    folder = run.predictions_path("clean").parent
    metrics: dict[str, float] = {}
    units: dict[str, Any] = {}
    for name, examples in eval_sets.items():
        original = (clean_of or {}).get(name, "clean")
        score = score_set(task, name, examples, predictions[name])
        lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in score.lines)
        write_atomically(run.predictions_path(name), lines)
        tables = analyze_errors(task, examples, predictions[name].predictions, eval_sets[original])
        write_errors(tables, folder, name)
        for table in tables:
            if table.rows:
                tracked.table(f"errors/{settings.task.name}/{name}/{table.name}", table.columns, table.rows)
        metrics |= score.metrics
        if name != original:
            share = changed_share(task, eval_sets[original], examples)
            metrics[f"{metric_path(task.name, name)}/{CHANGED_WORDS}"] = share
        for metric, counts in score.units.items():
            units[name if metric == task.metric else f"{name}/{metric}"] = np.asarray(counts).tolist()
    if not run.keeps_record:
        for name in sorted({(clean_of or {}).get(name, "clean") for name in eval_sets}):
            units[f"{name}/{GROUPS}"] = example_groups(task, eval_sets[name], articles)
        write_atomically(run.units_path, json.dumps(units) + "\n")
    of_sets = {name: stored_logits(task, examples, predictions[name]) for name, examples in eval_sets.items()}
    logits = {name: of_set for name, of_set in of_sets.items() if of_set is not None}
    for name, of_set in {**of_sets, DEV: dev}.items():
        if of_set is not None:
            write_scores(folder / f"{name}{SUFFIX}", of_set)
    calibration, details = calibrate_eval_sets(
        settings.calibration, folder, logits, dev, task_name=task.name, decision_path=task.decision_path
    )
    return calibration | metrics, details


def example_groups(
    task: Task[Any, Any], examples: Sequence[Any], articles: Sequence[Question] | None = None
) -> list[int]:
    """Return the number of each example's article or document, counted in the order of the examples.

    Tests of significance swap the predictions of whole groups.

    Args:
        articles: see `charbert.tasks.task.Task.groups`.
    """
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(group, len(numbers)) for group in task.groups(examples, articles)]
