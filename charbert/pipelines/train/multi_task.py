"""One encoder trained on several tasks, each of which is then scored and saved as if it had been trained alone."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.config.training.multi_task import TaskSampling
from charbert.config.training.strategy import TrunkTraining
from charbert.data.collate import PadCollator
from charbert.deploy.predict.usage import write_usage
from charbert.errors import SettingsError
from charbert.evaluation.predict import predict_logits
from charbert.files import replaced_folder
from charbert.model.adaptation.multi_task import MultiTaskModel
from charbert.model.processing import CharBertProcessor
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.pipelines.build.data import prepare_data, refuse_baseline, set_files, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.build.objectives import Objectives, build_objectives
from charbert.pipelines.build.strategies import check_strategy
from charbert.pipelines.build.usage import finetuned_usage
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.fit import build_model, correct_splits, dev_scores, predict_eval_sets
from charbert.pipelines.train.word_recognizer import prepare_corrector
from charbert.records import ResultRecord, write_record
from charbert.runs.comparability import comparison_keys
from charbert.runs.multi_task_keys import multi_task_run, shared_task_run, task_settings
from charbert.runs.recorder import checksums, history, new_record, recorded_run, seed_everything, train
from charbert.runs.run import Run
from charbert.seeding import derive_seed
from charbert.tasks.catalog import build_task
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task
from charbert.training.multi_task import MultiTaskTrainer, TaskBatchCollator, TaskBatches, TaskLosses, batch_counts
from charbert.training.strategies import build_strategy
from charbert.training.tracking import TrackedRun
from charbert.training.trainer import CharBertTrainer, build_trainer

log = logging.getLogger(__name__)

_MEAN = "eval_mean"
"""Mean of the tasks' development scores, which the best checkpoint is chosen by."""


@dataclass
class _Part:
    """One task of the run."""

    settings: Settings
    run: Run
    task: Task[Any, Any]
    eval_sets: dict[str, Sequence[Any]]
    rows: dict[str, list[Any]]
    encoded: dict[str, Encoded]
    processor: CharBertProcessor
    model: Any
    corrector: WordCorrector | None
    objectives: Objectives
    predictor: CharBertTrainer
    """Predicts with the task's model; it trains nothing."""

    @property
    def name(self) -> str:
        return self.task.name

    def score_dev(self) -> dict[str, float]:
        encoded = self.encoded["dev"]
        logits = predict_logits(self.predictor, encoded.features)
        return self.task.score(self.rows["dev"], self.task.decode(logits, encoded))


def run(settings: Settings) -> ResultRecord:
    """Return the record of the run, after training and scoring what is missing; each task has a record besides.

    Raises:
        SettingsError: if there are fewer than two tasks, or a setting does not go with several.
    """
    _check(settings)
    run = multi_task_run(settings)
    record = run.finished()
    if record is not None:
        log.info("%s: finished before, record %s", run.name, run.record_path)
        return record
    parts = [_prepare(task_settings(settings, name)) for name in settings.multi_task.tasks]
    log.info("training %s on %s, seed %d", settings.model.name, ", ".join(part.name for part in parts), settings.seed)
    with recorded_run(settings, run) as (record, tracking):
        trainer = _build_trainer(settings, run, parts)
        train(trainer, record, tracking, settings.finetuning.patience)
        record.details["history"] = history(trainer)
        record.details["batches"] = trainer.train_dataset.counts
        record.details["tasks"] = {part.name: part.run.key for part in parts}
        for part in parts:
            metrics = _finish(part, record, trainer, tracking)
            record.metrics |= metrics
            record.data_checksums |= checksums(set_files(part.settings), Path(settings.data.root))
        record.finish({f"dev/{_MEAN.removeprefix('eval_')}": float(trainer.state.best_metric)})
    shutil.rmtree(run.checkpoints_folder, ignore_errors=True)
    return record


def _check(settings: Settings) -> None:
    names = list(settings.multi_task.tasks)
    if len(names) < 2:
        raise SettingsError(
            f"multi_task.tasks must hold two tasks or more, got {names}; choose e.g. multi_task=ner_qnli"
        )
    refuse_baseline(settings)
    check_strategy(settings)
    if settings.distillation.enabled:
        raise SettingsError("several tasks have no common teacher: choose distillation=none with multi_task")
    if settings.strategy.trunk is TrunkTraining.lora:
        raise SettingsError("multi_task trains the shared encoder itself: choose a strategy other than lora")
    for name in names:
        if task_files(task_settings(settings, name)).folds.number:
            raise SettingsError(f"data={settings.data.name} gives multi_task.tasks.{name} folds, but no training file")


def _prepare(settings: Settings) -> _Part:
    """Return a task with all that is needed to train on it and to score it."""
    prepare_data(settings)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    corrector = prepare_corrector(settings, task, sets)
    processor, model = build_model(settings, task)
    rows = correct_splits(settings, task, sets, corrector)
    encoded = {name: task.encode(rows[name], processor, settings.finetuning_length) for name in rows}
    run = shared_task_run(settings)
    predictor = build_trainer(
        settings.finetuning,
        model,
        encoded["train"].features,
        encoded["dev"].features,
        PadCollator(processor.pad_values, processor.row_length),
        folder=multi_task_run(settings).checkpoints_folder,
        seed=settings.seed,
    )
    objectives = build_objectives(settings, task, rows["train"], encoded["train"], processor, model)
    eval_sets = build_eval_sets(settings, task, sets)
    return _Part(settings, run, task, eval_sets, rows, encoded, processor, model, corrector, objectives, predictor)


def _build_trainer(settings: Settings, run: Run, parts: Sequence[_Part]) -> CharBertTrainer:
    chosen, training = settings.multi_task, settings.finetuning
    sizes = {part.name: len(part.encoded["train"].features) for part in parts}
    temperatures = {TaskSampling.proportional: 1.0, TaskSampling.uniform: float("inf")}
    counts = batch_counts(sizes, training.batch_size, temperatures.get(chosen.sampling, chosen.temperature))
    log.info("batches an epoch: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    lengths = None
    if training.group_by_length:
        lengths = {
            part.name: [len(feature["input_ids"]) for feature in part.encoded["train"].features] for part in parts
        }
    batches = TaskBatches(
        {part.name: part.objectives.train_set for part in parts},
        counts,
        training.batch_size,
        derive_seed(settings.seed, "multi-task order"),
        lengths,
    )

    def score_dev() -> dict[str, float]:
        scores = {part.name: part.score_dev() for part in parts}
        means = [scores[part.name][part.task.metric] for part in parts]
        named = {f"eval_{task}/{name}": value for task, metrics in scores.items() for name, value in metrics.items()}
        return {_MEAN: sum(means) / len(means), **named}

    model = MultiTaskModel({part.name: part.model for part in parts})
    strategy = build_strategy(settings.strategy, model.charbert.config.num_hidden_layers)
    seed_everything(settings.seed, "strategy")
    return build_trainer(
        replace(training, batch_size=1, group_by_length=False),  # an item is a batch already
        strategy.prepare(model),
        batches,
        [{}],
        TaskBatchCollator({part.name: part.objectives.collate for part in parts}),
        folder=run.checkpoints_folder,
        seed=settings.seed,
        best_metric=_MEAN,
        trainer_class=MultiTaskTrainer,
        evaluation=score_dev,
        extra_losses=[TaskLosses({part.name: part.objectives.extra_losses for part in parts})],
        strategy=strategy,
    )


def _finish(part: _Part, run_record: ResultRecord, trainer: CharBertTrainer, tracking: TrackedRun) -> dict[str, float]:
    """Score and save a task's model, write its record, and return its scores."""
    settings, run, task = part.settings, part.run, part.task
    predictions = predict_eval_sets(settings, task, part.eval_sets, part.processor, part.predictor, part.corrector)
    dev = dev_scores(settings, task, part.rows["dev"], part.encoded["dev"], part.predictor)
    metrics, judging = score_eval_sets(settings, run, task, part.eval_sets, predictions, tracking, dev)
    with replaced_folder(run.model_folder) as draft:
        part.model.save_pretrained(draft)
        part.processor.save_pretrained(draft)
        write_usage(draft, finetuned_usage(settings, task.head.name, _task_history(part, trainer)))
    record = new_record(settings, run)
    record.started, record.wandb_id, record.wandb_path = run_record.started, tracking.id, tracking.path
    record.training_tokens = run_record.training_tokens
    record.details |= {
        "run": run_record.key,
        "tasks": list(settings.multi_task.tasks),
        "generated": settings.data.generated,
        "comparison": comparison_keys(settings),
        "judging": judging,
        "reports": {name: set_predictions.report for name, set_predictions in predictions.items()},
        "train_report": part.encoded["train"].report,
    }
    record.data_checksums = checksums(set_files(settings), Path(settings.data.root))
    record.finish(metrics)
    write_record(run.record_path, record)
    return metrics


def _task_history(part: _Part, trainer: CharBertTrainer) -> list[dict[str, Any]]:
    """Return the evaluations of a task as they would be logged had it been trained alone."""
    prefix = f"eval_{part.name}/"
    return [
        {name.replace(prefix, "eval_", 1): value for name, value in line.items() if name.startswith(prefix)}
        for line in trainer.state.log_history
    ]
