"""One encoder trained on several tasks; each task is scored and saved as after a training on it alone."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from charbert.config.schema import Settings
from charbert.config.training.multi_task import TaskSampling
from charbert.config.training.strategy import TrunkTraining
from charbert.data.collate import PadCollator
from charbert.errors import SettingsError
from charbert.evaluation.predict import predict_logits
from charbert.model.adaptation.multi_task import MultiTaskModel
from charbert.pipelines.build.data import fetch_sets, prepare_data, refuse_baseline, task_files
from charbert.pipelines.build.eval_sets import build_eval_sets, read_sets
from charbert.pipelines.build.objectives import Objectives
from charbert.pipelines.build.strategy_checks import check_strategy
from charbert.pipelines.train.task_model import TaskModel, record_scores
from charbert.records import ResultRecord, read_record, write_record
from charbert.runs.comparability import comparison_keys
from charbert.runs.multi_task_keys import multi_task_run, shared_task_run, task_settings
from charbert.runs.recorder import history, new_record, recorded_run, seed_everything, train
from charbert.runs.run import Run
from charbert.seeding import derive_seed
from charbert.tasks.catalog import build_task
from charbert.training.multi_task import MultiTaskTrainer, TaskBatchCollator, TaskBatches, TaskLosses, batch_counts
from charbert.training.strategies import Strategy
from charbert.training.tracking import TrackedRun
from charbert.training.trainer import CharBertTrainer, build_trainer

log = logging.getLogger(__name__)

_MEAN = "eval_mean"
"""Mean of the tasks' dev scores; it chooses the best checkpoint."""


@dataclass
class _Part:
    run: Run
    fitted: TaskModel
    eval_sets: dict[str, Sequence[Any]]
    objectives: Objectives
    predictor: CharBertTrainer
    """Predicts with the task's model; it trains nothing."""

    @property
    def name(self) -> str:
        return self.fitted.task.name

    @property
    def features(self) -> list[dict[str, Any]]:
        """Of the training set."""
        return self.fitted.encoded["train"].features

    def score_dev(self) -> dict[str, float]:
        return self.fitted.score_dev(predict_logits(self.predictor, self.fitted.encoded["dev"].features))


def run(settings: Settings) -> ResultRecord:
    """Return the record of the run, after training and scoring if it is missing; each task has its own record, too.

    Raises:
        SettingsError: if there are fewer than two tasks, or a setting is not possible with several.
    """
    _check(settings)
    run = multi_task_run(settings)
    run.make_once(lambda: _run(settings, run), run.is_finished)
    return read_record(run.record_path)


def _run(settings: Settings, run: Run) -> None:
    parts = [_prepare(task_settings(settings, name)) for name in settings.multi_task.tasks]
    for part in parts:
        run.data_checksums |= part.run.data_checksums
    log.info("training %s on %s, seed %d", settings.model.name, ", ".join(part.name for part in parts), settings.seed)
    with recorded_run(settings, run) as (record, tracked):
        trainer = _build_trainer(settings, run, parts)
        train(trainer, record, tracked, settings.finetuning.patience)
        record.details["history"] = history(trainer)
        record.details["batches"] = trainer.train_dataset.counts
        record.details["tasks"] = {part.name: part.run.key for part in parts}
        for part in parts:
            task_record = _record_task(part, record, trainer, tracked)
            record.metrics |= task_record.metrics
        record.finish({f"dev/{_MEAN.removeprefix('eval_')}": float(trainer.state.best_metric)})
    run.drop_checkpoints()


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
    """Return a task with its model and what it takes to train on it and to score it."""
    prepare_data(settings)
    run = shared_task_run(settings)
    run.will_read(fetch_sets(settings))
    task = build_task(settings.task)
    sets = read_sets(settings, task, run.preparation_folder)
    fitted = TaskModel.build(settings, task, sets)
    predictor = build_trainer(
        settings.finetuning,
        fitted.model,
        fitted.encoded["train"].features,
        fitted.encoded["dev"].features,
        PadCollator(fitted.processor.pad_values, fitted.processor.row_length),
        folder=multi_task_run(settings).checkpoints_folder,
        seed=settings.seed,
    )
    eval_sets = build_eval_sets(settings, task, sets)
    return _Part(run, fitted, eval_sets, fitted.objectives(), predictor)


def _build_trainer(settings: Settings, run: Run, parts: Sequence[_Part]) -> CharBertTrainer:
    chosen, training = settings.multi_task, settings.finetuning
    sizes = {part.name: len(part.features) for part in parts}
    temperatures = {TaskSampling.proportional: 1.0, TaskSampling.uniform: float("inf")}
    counts = batch_counts(sizes, training.batch_size, temperatures.get(chosen.sampling, chosen.temperature))
    log.info("batches an epoch: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    lengths = None
    if training.group_by_length:
        lengths = {part.name: [len(feature["input_ids"]) for feature in part.features] for part in parts}
    batches = TaskBatches(
        {part.name: part.objectives.train_set for part in parts},
        counts,
        training.batch_size,
        derive_seed(settings.seed, "multi-task order"),
        lengths,
    )

    def score_dev() -> dict[str, float]:
        scores = {part.name: part.score_dev() for part in parts}
        means = [scores[part.name][part.fitted.task.metric] for part in parts]
        named = {f"eval_{task}/{name}": value for task, metrics in scores.items() for name, value in metrics.items()}
        return {_MEAN: sum(means) / len(means), **named}

    model = MultiTaskModel({part.name: part.fitted.model for part in parts})
    strategy = Strategy(settings.strategy, model.charbert.config.num_hidden_layers)
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


def _record_task(part: _Part, run_record: ResultRecord, trainer: CharBertTrainer, tracked: TrackedRun) -> ResultRecord:
    """Score and save a task's model, and return the record that was written of it."""
    fitted, run = part.fitted, part.run
    settings, task = fitted.settings, fitted.task
    predictions, dev = fitted.predict(part.eval_sets, part.predictor)
    record = new_record(settings, run)
    record.started, record.wandb_id, record.wandb_path = run_record.started, tracked.id, tracked.path
    record.training_tokens = run_record.training_tokens
    record.details |= {
        "run": run_record.key,
        "tasks": list(settings.multi_task.tasks),
        "generated": settings.data.generated,
        "comparison": comparison_keys(settings),
    }
    metrics = record_scores(settings, run, task, record, tracked, part.eval_sets, predictions, dev)
    record.details["train_report"] = fitted.encoded["train"].report
    fitted.save(run, fitted.model, _task_history(part, trainer))
    record.finish(metrics)
    write_record(run.record_path, record)
    return record


def _task_history(part: _Part, trainer: CharBertTrainer) -> list[dict[str, Any]]:
    """Return the log lines of a task at the step of the weights, named as in a training on the task alone.

    The weights are the best by the mean over tasks, and the task's own scores may be better at another step.
    """
    prefix = f"eval_{part.name}/"
    return [
        {name.replace(prefix, "eval_", 1): value for name, value in line.items() if name.startswith(prefix)}
        for line in trainer.state.log_history
        if line["step"] == trainer.state.best_global_step
    ]
