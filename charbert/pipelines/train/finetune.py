"""Fine-tuning on a task, then scoring clean and attacked test sets (Sec. 4.2-4.5)."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from transformers import TrainerCallback

from charbert.config.schema import Settings
from charbert.errors import SettingsError, TrialPrunedError
from charbert.evaluation.metric_paths import CHANGED_WORDS, name_of
from charbert.pipelines.build.data import fetch_sets, prepare_data, refuse_baseline, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.train.classical import check_baseline, fit_baseline
from charbert.pipelines.train.cross_validation import run_folds
from charbert.pipelines.train.fit import fit
from charbert.records import ResultRecord, read_record
from charbert.runs.run import Run, finetuning_run, fold_run, with_fold
from charbert.tasks.catalog import build_task
from charbert.training.distributed.processes import from_first, refuse_several

log = logging.getLogger(__name__)


def run(settings: Settings) -> ResultRecord:
    """Return the record of the run, after pretraining, fine-tuning and scoring if they are missing."""
    run = finetuning_run(settings)
    if from_first(run.is_finished):
        log.info("%s: finished before, record %s", run.name, run.record_path)
        run.drop_checkpoints()
        return read_record(run.record_path)
    run.make_once(lambda: _run(settings, run), run.is_finished)
    return read_record(run.record_path)


def run_and_report(settings: Settings) -> ResultRecord:
    """Return the record as `run` does, with the model trained again if it is missing; log scores and folder."""
    single = not settings.model.is_baseline and not task_files(settings).folds.number
    record = read_record(prepare_finetuned(settings).record_path) if single else run(settings)
    for name, score in record.metrics.items():
        if name_of(name) == settings.task.metric:
            changed = record.metrics.get(f"{name.removesuffix(settings.task.metric)}{CHANGED_WORDS}")
            beside = "" if changed is None else f" ({100 * changed:.0f} % of the words changed)"
            log.info("%-32s %.4f%s", name, score, beside)
    if single:
        log.info("the model is in %s", finetuning_run(settings).model_folder)
    return record


def prepare_finetuned(settings: Settings) -> Run:
    """Return the run of the fine-tuned model, after fine-tuning if its weights or predictions are missing.

    Raises:
        SettingsError: if the data are cross-validated, with a model for each fold, or ``model`` is a baseline.
    """
    _refuse_several(settings)
    run = finetuning_run(settings)
    run.make_once(lambda: _run(settings, run), lambda: run.is_complete() and run.predictions_path("clean").is_file())
    return run


def prepare_folds(settings: Settings) -> list[Run]:
    """Return the runs of the models of all folds, after fine-tuning those whose weights are missing."""
    run, chosen = finetuning_run(settings), task_files(settings).folds
    folds = [fold_run(with_fold(settings, number)) for number in range(chosen.run_first or chosen.number)]
    run.make_once(
        lambda: _run(settings, run, weights=True),
        lambda: run.is_finished() and all(fold.is_complete() for fold in folds),
    )
    return folds


def prepare_models(settings: Settings) -> list[Path]:
    """Return the folder of the fine-tuned model, of data with folds those of all, after fine-tuning what is missing.

    A baseline has none.
    """
    if settings.model.is_baseline:
        return []
    runs = prepare_folds(settings) if task_files(settings).folds.number else [prepare_finetuned(settings)]
    return [run.model_folder for run in runs]


def run_trial(settings: Settings, run: Run, callbacks: Sequence[TrainerCallback] = ()) -> ResultRecord:
    """Return the record of a model that is scored on the dev set only; its weights are deleted.

    Raises:
        SettingsError: as `prepare_finetuned`.
        TrialPrunedError: if a callback ends the training; no record is written then.
    """
    _refuse_several(settings)

    def make() -> None:
        try:
            prepare_data(settings)
            run.will_read(fetch_sets(settings))
            task = build_task(settings.task)
            fit(settings, run, task, read_sets(settings, task, run.preparation_folder), {}, callbacks)
        except TrialPrunedError:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
        shutil.rmtree(run.folder, ignore_errors=True)

    run.make_once(make, run.is_finished)
    return read_record(run.record_path)


def _refuse_several(settings: Settings) -> None:
    refuse_baseline(settings)
    if task_files(settings).folds.number:
        raise SettingsError(
            f"data={settings.data.name} gives task={settings.task.name} a model for each fold, expected a single one; "
            "choose data with a training file"
        )


def _run(settings: Settings, run: Run, *, weights: bool = False) -> ResultRecord:
    check_baseline(settings)
    prepare_data(settings)
    run.will_read(fetch_sets(settings))
    task = build_task(settings.task)
    if task_files(settings).folds.number:
        refuse_several(f"cross-validation (data={settings.data.name})")
        return run_folds(settings, run, task, weights=weights)
    sets = read_sets(settings, task, run.preparation_folder)
    fit_model = fit_baseline if settings.model.is_baseline else fit
    record, _ = fit_model(settings, run, task, sets, build_eval_sets(settings, task, sets))
    return record
