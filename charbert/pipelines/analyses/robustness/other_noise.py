"""One fine-tuned model on test sets with noise outside the paper's attack."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.data.splits import Parts
from charbert.evaluation.calibration import RECORD_KEY
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import prepare_data, set_files, task_files
from charbert.pipelines.build.eval_sets import build_noisy_sets, read_sets, read_test_sets
from charbert.pipelines.evaluate.finetuned import finetuned_predictor
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.classical import baseline_predictor, check_baseline, is_baseline, without_trunk
from charbert.pipelines.train.cross_validation import chosen_folds, fold_sets, pool_predictions
from charbert.pipelines.train.finetune import prepare_finetuned, prepare_folds
from charbert.runs.analysis_keys import OTHER_NOISE
from charbert.runs.run import Run, with_fold
from charbert.tasks.catalog import build_task
from charbert.tasks.folds import take_fold, tested_examples
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

Sets = dict[str, Sequence[Any]]


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model on all sets.

    The model is fine-tuned first where its weights are missing; of a task with folds those of every fold. A baseline,
    which has none, is fitted again.
    """
    (run,) = runs.values()
    check_baseline(settings)
    prepare_data(settings)
    files = task_files(settings)
    folded = bool(files.folds.number)
    task = build_task(settings.task)
    sets = read_test_sets(settings, task, learn=True) if folded else read_sets(settings, task)
    eval_sets, clean_of = build_noisy_sets(settings, task, sets)
    folders: list[Path] = []
    if not is_baseline(settings):  # after the sets, so that a bad file is found before hours of training
        models = prepare_folds(settings) if folded else [prepare_finetuned(settings)]
        folders = [model.model_folder for model in models]
    noisy = [Path(settings.data.root) / copy.operations for copy in files.noisy.values()]
    with recorded_analysis(settings, run, OTHER_NOISE, [*set_files(settings), *noisy]) as (record, tracked):
        if is_baseline(settings):
            record.settings = without_trunk(record.settings)
        if folded:
            folds = chosen_folds(settings, task, sets["test"])
            predictions = pool_predictions(folds, list(_of_folds(settings, task, eval_sets, folds, folders)))
            eval_sets = {**tested_examples(folds, eval_sets)}
        else:
            baseline = baseline_predictor(settings, task, sets["train"]) if not folders else None
            predictions = _predict(settings, baseline or finetuned_predictor(settings, task, *folders), eval_sets)
        metrics, calibration = score_eval_sets(settings, run, task, eval_sets, predictions, tracked, clean_of=clean_of)
        record.details[RECORD_KEY] = calibration
        record.details["clean_of"] = clean_of
        record.details["reports"] = {name: of_set.report for name, of_set in predictions.items()}
        record.finish(metrics)


def _of_folds(
    settings: Settings, task: Task[Any, Any], eval_sets: Sets, folds: Sequence[Parts], folders: Sequence[Path]
) -> Iterator[dict[str, SetPredictions]]:
    """Yield the predictions of each fold's model on the test part of every set."""
    for number, fold in enumerate(folds):
        own = with_fold(settings, number)
        if folders:
            _, test = take_fold(fold, eval_sets["clean"], eval_sets)
            predict = finetuned_predictor(own, task, folders[number])
        else:
            sets, test = fold_sets(own, task, fold, eval_sets)
            predict = baseline_predictor(own, task, sets["train"])
        yield _predict(settings, predict, test)


def _predict(settings: Settings, predict: Any, eval_sets: Mapping[str, Sequence[Any]]) -> dict[str, SetPredictions]:
    predictions = {}
    for name, examples in eval_sets.items():
        log.info("scoring %s on %s: %s, %d examples", settings.model.name, settings.task.name, name, len(examples))
        predictions[name] = predict(examples)
    return predictions
