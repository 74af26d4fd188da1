"""A fine-tuned model, of one training set or of folds, or a baseline, scored on clean and noisy sets."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.data.splits import Parts
from charbert.evaluation.calibration import RECORD_KEY
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import prepare_data, set_files, task_files
from charbert.pipelines.build.eval_sets import read_sets, read_test_sets, scored_examples
from charbert.pipelines.evaluate.finetuned import finetuned_predictor
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.classical import baseline_predictor, check_baseline, is_baseline, without_trunk
from charbert.pipelines.train.cross_validation import chosen_folds, fold_sets, pool_predictions
from charbert.pipelines.train.finetune import prepare_finetuned, prepare_folds
from charbert.runs.run import Run, with_fold
from charbert.tasks.catalog import build_task
from charbert.tasks.folds import take_fold, tested_examples
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

Sets = dict[str, Sequence[Any]]


@dataclass(frozen=True)
class NoisySets:
    """What a measurement under noise scores."""

    build: Callable[[Settings, Task[Any, Any], dict[str, list[Any]]], tuple[Sets, dict[str, str]]]
    """From the task's sets to the eval sets, ``clean`` first, and the name of the clean set of each."""
    files: Sequence[Path] = ()
    """That are read for it, below ``data.root``, beside those of the task."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Of the record."""
    summarize: Callable[[Mapping[str, float]], Mapping[str, float]] = lambda metrics: {}
    """More metrics from those of the sets."""


def record_noisy_scores(settings: Settings, run: Run, analysis: str, noisy: NoisySets) -> None:
    """Record the scores of the settings' model on all sets, or on ``robustness.max_examples`` of each.

    The model is fine-tuned first where its weights are missing; of a task with folds those of every fold. A baseline,
    which has none, is fitted again.
    """
    check_baseline(settings)
    prepare_data(settings)
    folded = bool(task_files(settings).folds.number)
    task = build_task(settings.task)
    sets = read_test_sets(settings, task, learn=True) if folded else read_sets(settings, task)
    eval_sets, clean_of = noisy.build(settings, task, sets)
    folders: list[Path] = []
    if not is_baseline(settings):  # after the sets, so that a bad file is found before hours of training
        models = prepare_folds(settings) if folded else [prepare_finetuned(settings)]
        folders = [model.model_folder for model in models]
    with recorded_analysis(settings, run, analysis, [*set_files(settings), *noisy.files]) as (record, tracked):
        if is_baseline(settings):
            record.settings = without_trunk(record.settings)
        if folded:
            folds = _scored_folds(settings, chosen_folds(settings, task, sets["test"]))
            predicted = list(_of_folds(settings, task, eval_sets, folds, folders))
            predictions = pool_predictions(list(folds.values()), predicted)
            eval_sets = {**tested_examples(list(folds.values()), eval_sets)}
        else:
            eval_sets = _scored_part(settings, eval_sets, clean_of)
            baseline = baseline_predictor(settings, task, sets["train"]) if not folders else None
            predictions = _predict(settings, baseline or finetuned_predictor(settings, task, *folders), eval_sets)
        metrics, calibration = score_eval_sets(settings, run, task, eval_sets, predictions, tracked, clean_of=clean_of)
        record.details[RECORD_KEY] = calibration
        record.details["clean_of"] = clean_of
        record.details["reports"] = {name: of_set.report for name, of_set in predictions.items()}
        record.details |= noisy.details
        record.finish({**metrics, **noisy.summarize(metrics)})


def _scored_part(settings: Settings, eval_sets: Sets, clean_of: Mapping[str, str]) -> Sets:
    """Return the examples of each set that are scored; those of a set and of its clean one are the same."""
    chosen = {clean: scored_examples(settings, len(eval_sets[clean])) for clean in set(clean_of.values())}
    return {name: [examples[index] for index in chosen[clean_of[name]]] for name, examples in eval_sets.items()}


def _scored_folds(settings: Settings, folds: Sequence[Parts]) -> dict[int, Parts]:
    """Return the folds, by number, with those test examples that are scored, without folds that have none of them."""
    tested = sorted(index for fold in folds for index in fold.test)
    chosen = {tested[place] for place in scored_examples(settings, len(tested))}
    parts = [replace(fold, test=tuple(index for index in fold.test if index in chosen)) for fold in folds]
    return {number: fold for number, fold in enumerate(parts) if fold.test}


def _of_folds(
    settings: Settings, task: Task[Any, Any], eval_sets: Sets, folds: Mapping[int, Parts], folders: Sequence[Path]
) -> Iterator[dict[str, SetPredictions]]:
    """Yield the predictions of each fold's model on the test part of every set."""
    for number, fold in folds.items():
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
