"""One model fine-tuned on one training set, and its predictions on every eval set."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import EvalPrediction, TrainerCallback

from charbert.config.schema import Settings
from charbert.evaluation.predict import unpad_logits
from charbert.evaluation.robustness import SetPredictions
from charbert.pipelines.build.strategy_checks import check_strategy
from charbert.pipelines.train.task_model import TaskModel, record_scores
from charbert.records import ResultRecord
from charbert.runs.recorder import history, recorded_run, seed_everything, train
from charbert.runs.run import Run
from charbert.tasks.task import Task
from charbert.training.distributed.processes import from_first
from charbert.training.losses.distillation import detach_projections
from charbert.training.optimizer import count_parameters, peak_rates
from charbert.training.strategies import Strategy
from charbert.training.trainer import build_trainer

log = logging.getLogger(__name__)

_LABELS_SHOWN = 10


def fit(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    eval_sets: Mapping[str, Sequence[Any]],
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[ResultRecord, dict[str, SetPredictions]]:
    """Return the record and the predictions of a model, after pretraining its encoder if that is missing.

    Args:
        run: where record, weights and predictions go.
        task: the benchmark; it knows its labels.
        sets: examples of ``train`` and ``dev``; the checkpoint that is best on dev is kept.
        eval_sets: the test examples, ``clean`` first, then attacked; empty: only the dev score is recorded.
    """
    check_strategy(settings)
    fitted = TaskModel.build(settings, task, sets)
    dev_features = fitted.encoded["dev"].features
    strategy = Strategy(settings.strategy, fitted.model.config.num_hidden_layers)
    log.info("fine-tuning %s on %s, seed %d%s", settings.model.name, task.name, settings.seed, _describe(task, sets))

    def score_dev(prediction: EvalPrediction) -> dict[str, float]:
        return fitted.score_dev(unpad_logits(prediction.predictions, dev_features))

    with recorded_run(settings, run) as (record, tracked):
        objectives = fitted.objectives()
        seed_everything(settings.seed, "strategy")
        model = strategy.prepare(fitted.model)
        trainer = build_trainer(
            settings.finetuning_on_task,
            model,
            objectives.train_set,
            dev_features,
            objectives.collate,
            folder=run.checkpoints_folder,
            seed=settings.seed,
            best_metric=f"eval_{task.metric}",
            compute_metrics=score_dev,
            extra_losses=objectives.extra_losses,
            strategy=strategy,
        )
        record.details["parameters"] = count_parameters(model)
        for callback in callbacks:
            trainer.add_callback(callback)
        train(trainer, record, tracked, settings.finetuning.patience)
        record.details["peak_rates"] = peak_rates(trainer.optimizer)
        trainer.model = trainer.model_wrapped = model = strategy.finish(trainer.model)
        predictions, dev = fitted.predict(eval_sets, trainer)
        metrics = record_scores(settings, run, task, record, tracked, eval_sets, predictions, dev)
        record.details["history"] = history(trainer)
        record.details["train_report"] = fitted.encoded["train"].report
        detach_projections(model)
        from_first(lambda: fitted.save(run, model, trainer.state.log_history))
        best = trainer.state.best_metric
        dev_metrics = {} if best is None else {f"dev/{task.name}/{task.metric}": float(best)}
        record.finish({**metrics, **dev_metrics})
    from_first(lambda: shutil.rmtree(run.checkpoints_folder, ignore_errors=True))
    return record, predictions


def _describe(task: Task[Any, Any], sets: Mapping[str, list[Any]]) -> str:
    labels = ", ".join(map(repr, task.labels[:_LABELS_SHOWN]))
    more = ", ..." if len(task.labels) > _LABELS_SHOWN else ""
    listed = f", {len(task.labels)} labels ({labels}{more})" if task.labels else ""
    return f": {len(sets['train'])} examples, {len(sets['dev'])} of dev{listed}"
