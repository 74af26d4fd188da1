"""Cross-validation of a test file without a training file: one model for each fold, one record for all.

Each fold is a run with its own record, weights and predictions, so an interrupted run repeats no finished fold.
The predictions of all folds together, one for each example, are scored once.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charbert.config.schema import Settings
from charbert.data.splits import Parts
from charbert.evaluation.logits import StoredLogits, joined
from charbert.evaluation.metric_paths import DEV
from charbert.evaluation.robustness import SetPredictions
from charbert.files import shorten_path
from charbert.pipelines.build.data import read_articles, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_test_sets
from charbert.pipelines.build.preparation import prepare_training
from charbert.pipelines.evaluate.calibration import stored_scores
from charbert.pipelines.train.classical import fit_baseline
from charbert.pipelines.train.fit import fit
from charbert.pipelines.train.task_model import record_scores
from charbert.records import ResultRecord, read_record, write_atomically
from charbert.runs.recorder import recorded_run
from charbert.runs.run import Run, fold_run, with_fold
from charbert.serialization import read_json
from charbert.tasks.folds import cut_folds, take_fold, tested_examples
from charbert.tasks.rows import number_rows
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

EvalSets = Mapping[str, Sequence[Any]]


def run_folds(settings: Settings, run: Run, task: Task[Any, Any], *, weights: bool = False) -> ResultRecord:
    """Return the record of all folds, or of the first ``folds.run_first``, after running those that are missing.

    ``details.folds`` has the mean, standard deviation and values of each score over the test parts of the folds. With
    ``weights`` a fold whose model was deleted is missing too.
    """
    sets = read_test_sets(settings, task, learn=True)
    eval_sets = build_eval_sets(settings, task, sets)
    folds = chosen_folds(settings, task, sets["test"])
    checksums = run.data_checksums
    done = [
        _run_fold(with_fold(settings, number), task, fold, eval_sets, checksums, weights=weights)
        for number, fold in enumerate(folds)
    ]
    records = [record for record, _ in done]
    pooled = pool_predictions(folds, [predictions for _, predictions in done])
    log.info("scoring the predictions of %d folds", len(folds))
    tested = tested_examples(folds, eval_sets)
    with recorded_run(settings, run) as (record, tracked):
        dev = _pooled_dev([with_fold(settings, number) for number in range(len(folds))])
        metrics = record_scores(settings, run, task, record, tracked, tested, pooled, dev)
        record.training_tokens = sum(fold_record.training_tokens for fold_record in records)
        record.details["folds"] = _spread(records)
        record.details["fold_keys"] = [fold_record.key for fold_record in records]
        means = {name: statistics["mean"] for name, statistics in record.details["folds"].items()}
        record.finish({**metrics, **{name: mean for name, mean in means.items() if name.startswith("dev/")}})
        record.wall_seconds += sum(fold_record.wall_seconds for fold_record in records)
    return record


def chosen_folds(settings: Settings, task: Task[Any, Any], examples: Sequence[Any]) -> list[Parts]:
    """Return the folds of the task's set that are run: all, or the first ``folds.run_first``."""
    chosen = task_files(settings).folds
    return cut_folds(task, examples, chosen, articles=read_articles(settings))[: chosen.run_first or None]


def _run_fold(
    settings: Settings,
    task: Task[Any, Any],
    fold: Parts,
    eval_sets: EvalSets,
    checksums: dict[str, str],
    *,
    weights: bool,
) -> tuple[ResultRecord, dict[str, SetPredictions]]:
    """Return the record and the predictions of one fold, after training it if they are missing.

    ``checksums`` are of the data files that were read. Runs of some folds and of all share a fold.
    """
    run = fold_run(settings)
    run.data_checksums = checksums
    path = run.folder / "fold_predictions.json"
    made: list[tuple[ResultRecord, dict[str, SetPredictions]]] = []

    def make() -> None:
        sets, test = fold_sets(settings, task, fold, eval_sets)
        made.append((fit_baseline if settings.model.is_baseline else fit)(settings, run, task, sets, test))
        _write_predictions(path, task, made[0][1])

    def is_made() -> bool:
        return run.is_finished() and path.is_file() and (run.model_folder.is_dir() or not weights)

    run.make_once(make, is_made)
    if made:
        return made[0]
    log.info("%s: finished before, record %s", run.name, run.record_path)
    return read_record(run.record_path), _read_predictions(path, task, run)


def fold_sets(
    settings: Settings, task: Task[Any, Any], fold: Parts, eval_sets: EvalSets
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the examples of the train and dev part of a fold, prepared, and the test part of each eval set."""
    sets, test = take_fold(fold, eval_sets["clean"], eval_sets)
    if settings.preparation.steps:
        held_out = {"dev": sets["dev"], "test": test["clean"]}
        file = shorten_path(task_files(settings).test, settings.data.root)
        rows = number_rows(eval_sets["clean"], file)  # all of the file, as a file of probabilities counts them
        preparation = prepare_training(settings, task, [rows[index] for index in fold.train], held_out)
        preparation.write(fold_run(settings).preparation_folder)
        sets["train"] = preparation.examples
    return sets, test


def _write_predictions(path: Path, task: Task[Any, Any], predictions: Mapping[str, SetPredictions]) -> None:
    content = {
        name: {
            "predictions": [task.pack(prediction) for prediction in set_predictions.predictions],
            "report": set_predictions.report,
            "corrected": set_predictions.corrected,
        }
        for name, set_predictions in predictions.items()
    }  # their logits have files of their own
    write_atomically(path, json.dumps(content, ensure_ascii=False) + "\n")


def _read_predictions(path: Path, task: Task[Any, Any], run: Run) -> dict[str, SetPredictions]:
    content = read_json(path, "the predictions of a fold", f"delete {run.record_path.parent} and run again")
    stored = stored_scores(run.predictions_path("clean").parent, list(content))
    sets = {}
    for name, saved in content.items():
        predictions = [task.unpack(packed) for packed in saved["predictions"]]
        scores = stored[name].examples if name in stored else None
        sets[name] = SetPredictions(predictions, saved["report"], saved["corrected"], scores)
    return sets


def _pooled_dev(folds: Sequence[Settings]) -> StoredLogits | None:
    """Return the logits of all folds on their dev parts, None unless every fold has stored them."""
    stored = [stored_scores(fold_run(fold).predictions_path("clean").parent, [DEV]) for fold in folds]
    return joined([scores[DEV] for scores in stored]) if all(stored) else None


def pool_predictions(
    folds: Sequence[Parts], fold_predictions: Sequence[Mapping[str, SetPredictions]]
) -> dict[str, SetPredictions]:
    """Return the predictions on all examples in the order of their file."""
    order = np.argsort([index for fold in folds for index in fold.test])
    pooled = {}
    for name in fold_predictions[0]:
        parts = [by_set[name] for by_set in fold_predictions]
        predictions = [prediction for part in parts for prediction in part.predictions]
        corrected = [text for part in parts for text in part.corrected or []]
        report = {key: sum(part.report[key] for part in parts) for key in parts[0].report}
        scores = [row for part in parts for row in part.scores or []]
        pooled[name] = SetPredictions(
            [predictions[index] for index in order],
            report,
            [corrected[index] for index in order] if corrected else None,
            [scores[index] for index in order] if len(scores) == len(predictions) else None,
        )
    return pooled


def _spread(records: Sequence[ResultRecord]) -> dict[str, dict[str, Any]]:
    """Return mean, standard deviation (None for one fold) and values of each score that all folds have.

    Areas are missing in a fold whose test part lacks a label.
    """
    common = set.intersection(*(set(record.metrics) for record in records))
    values = {name: [record.metrics[name] for record in records] for name in records[0].metrics if name in common}
    return {
        name: {"mean": float(np.mean(row)), "sd": float(np.std(row, ddof=1)) if len(row) > 1 else None, "values": row}
        for name, row in values.items()
    }
