"""A fine-tuned model, of one training set or of folds, or a baseline, on test sets with noise of several families."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.data.splits import Parts
from charbert.errors import DataError
from charbert.evaluation.calibration import RECORD_KEY
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.analyses.base import recorded_analysis
from charbert.pipelines.build.data import prepare_data, read_articles, set_files, task_files
from charbert.pipelines.build.eval_sets import build_noisy_sets, read_sets, read_test_sets, scored_examples
from charbert.pipelines.evaluate.finetuned import finetuned_predictor
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.classical import baseline_predictor, check_baseline, without_trunk
from charbert.pipelines.train.cross_validation import chosen_folds, fold_sets, pool_predictions
from charbert.pipelines.train.finetune import prepare_models
from charbert.runs.analysis_keys import ROBUSTNESS, training_noise_comparison
from charbert.runs.run import Run, with_fold
from charbert.tasks.catalog import build_task
from charbert.tasks.folds import take_fold, tested_examples
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

Sets = dict[str, Sequence[Any]]


def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
    """Record the scores of the settings' model on all families; see `record_noisy_scores`."""
    (run,) = runs.values()
    files = family_files(settings)
    files += [Path(settings.data.root) / copy.operations for copy in task_files(settings).noisy.values()]
    details = {"training_noise": training_noise_comparison(settings)}
    record_noisy_scores(settings, run, ROBUSTNESS, build_noisy_sets, files, details)


def family_files(settings: Settings) -> list[Path]:
    """Return the files that the families read.

    Raises:
        DataError: if one is missing.
    """
    files = []
    for name, attack in settings.robustness.families.items():
        for path in attack.files(settings.paths.data):
            if not path.is_file():
                family, setting = f"robustness.families.{name}", "misspellings=[FILE]" if attack.misspellings else ""
                raise DataError.at(
                    path,
                    None,
                    expected=f"a file of {family}",
                    found="no such file",
                    hint=f"set paths.data to the folder that holds it, or {family}.{setting or 'confusions=FILE'}, or "
                    f"leave the family out with ~{family}",
                )
            files.append(path)
    return files


def record_noisy_scores(
    settings: Settings,
    run: Run,
    analysis: str,
    build: Callable[[Settings, Task[Any, Any], dict[str, list[Any]]], tuple[Sets, dict[str, str]]],
    files: Sequence[Path],
    details: Mapping[str, Any],
    summarize: Callable[[Mapping[str, float]], Mapping[str, float]] = lambda metrics: {},
) -> None:
    """Record the scores of the settings' model on all sets, or on ``robustness.max_examples`` of each.

    The model is fine-tuned first where its weights are missing; of a task with folds those of every fold. A baseline,
    which has none, is fitted again.

    Args:
        build: from the task's sets to the eval sets, ``clean`` first, and the name of the clean set of each.
        files: that are read for it, below ``data.root``, beside those of the task.
        details: of the record.
        summarize: more metrics from those of the sets.
    """
    check_baseline(settings)
    prepare_data(settings)
    folded = bool(task_files(settings).folds.number)
    task = build_task(settings.task)
    sets = read_test_sets(settings, task, learn=True) if folded else read_sets(settings, task)
    eval_sets, clean_of = build(settings, task, sets)
    folders = prepare_models(settings)  # after the sets, so that a bad file is found before hours of training
    with recorded_analysis(settings, run, analysis, [*set_files(settings), *files]) as (record, tracked):
        if settings.model.is_baseline:
            record.settings = without_trunk(record.settings)
        if folded:
            folds = _scored_folds(settings, chosen_folds(settings, task, sets["test"]))
            predicted = list(_of_folds(settings, task, eval_sets, folds, folders))
            predictions = pool_predictions(list(folds.values()), predicted)
            eval_sets = {**tested_examples(list(folds.values()), eval_sets)}
        else:
            chosen = {clean: scored_examples(settings, len(eval_sets[clean])) for clean in set(clean_of.values())}
            eval_sets = {name: [rows[index] for index in chosen[clean_of[name]]] for name, rows in eval_sets.items()}
            baseline = baseline_predictor(settings, task, sets["train"]) if not folders else None
            predictions = _predict(settings, baseline or finetuned_predictor(settings, task, *folders), eval_sets)
        articles = read_articles(settings)
        metrics, calibration = score_eval_sets(
            settings, run, task, eval_sets, predictions, tracked, clean_of=clean_of, articles=articles
        )
        record.details[RECORD_KEY] = calibration
        record.details["clean_of"] = clean_of
        record.details["reports"] = {name: of_set.report for name, of_set in predictions.items()}
        record.details |= details
        record.finish({**metrics, **summarize(metrics)})


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
