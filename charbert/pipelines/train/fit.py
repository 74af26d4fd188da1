"""One model fine-tuned on one training set, and its predictions on every version of a test set."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import EvalPrediction, TrainerCallback

import charbert.model
from charbert.config.schema import Settings
from charbert.deploy.predict.usage import write_usage
from charbert.evaluation.correction import correct_examples
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.predict import unpad_logits
from charbert.evaluation.robustness import SetPredictions, predict_encoded, predict_set, stored_logits
from charbert.files import replaced_folder
from charbert.model.adaptation.lora import save_finetuned
from charbert.model.processing import CharBertProcessor
from charbert.model.word_recognizer.correction import WordCorrector
from charbert.pipelines.build.data import set_files
from charbert.pipelines.build.objectives import Objectives, build_objectives, build_student
from charbert.pipelines.build.released import released_model, released_processor
from charbert.pipelines.build.strategies import check_strategy
from charbert.pipelines.build.usage import finetuned_usage
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.pretrain import build_start
from charbert.pipelines.train.word_recognizer import prepare_corrector
from charbert.records import ResultRecord
from charbert.runs.recorder import checksums, history, recorded_run, seed_everything, train
from charbert.runs.run import Run
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task
from charbert.training.distributed.processes import from_first
from charbert.training.losses.distillation import detach_projections
from charbert.training.optimizer import count_parameters, peak_rates
from charbert.training.strategies import Strategy, build_strategy
from charbert.training.trainer import CharBertTrainer, build_trainer

log = logging.getLogger(__name__)


def fit(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    sets: Mapping[str, list[Any]],
    eval_sets: Mapping[str, Sequence[Any]],
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[ResultRecord, dict[str, SetPredictions]]:
    """Return the record and the predictions of a model, after pretraining its encoder when it is missing.

    Args:
        settings: the experiment's settings.
        cell: where record, weights and predictions go.
        task: the benchmark; it knows its labels.
        sets: examples of ``train`` and ``dev``; the checkpoint that is best on dev is kept.
        versions: the test examples, ``clean`` first, then attacked; none: the dev score is all.
        callbacks: more of the Trainer's.
    """
    check_strategy(settings)
    corrector = prepare_corrector(settings, task, sets)
    processor, model = build_model(settings, task)
    strategy = build_strategy(settings.strategy, model.config.num_hidden_layers)
    log.info("fine-tuning %s on %s, seed %d", settings.model.name, settings.task.name, settings.seed)
    rows = correct_splits(settings, task, sets, corrector)
    encoded = {name: task.encode(rows[name], processor, settings.finetuning_length) for name in rows}
    with recorded_run(settings, run) as (record, tracking):
        objectives = build_objectives(settings, task, rows["train"], encoded["train"], processor, model)
        seed_everything(settings.seed, "strategy")
        model = strategy.prepare(model)
        trainer = _build_trainer(settings, run, task, rows["dev"], encoded["dev"], objectives, model, strategy)
        record.details["parameters"] = count_parameters(model)
        for callback in callbacks:
            trainer.add_callback(callback)
        train(trainer, record, tracking, settings.finetuning.patience)
        record.details["peak_rates"] = peak_rates(trainer.optimizer)
        trainer.model = trainer.model_wrapped = model = strategy.finish(trainer.model)
        predictions = predict_eval_sets(settings, task, eval_sets, processor, trainer, corrector)
        metrics: dict[str, float] = {}
        if eval_sets:
            dev = dev_scores(settings, task, rows["dev"], encoded["dev"], trainer)
            metrics, record.details["judging"] = from_first(
                lambda: score_eval_sets(settings, run, task, eval_sets, predictions, tracking, dev)
            )
        record.details["history"] = history(trainer)
        record.details["reports"] = {name: set_predictions.report for name, set_predictions in predictions.items()}
        record.details["train_report"] = encoded["train"].report
        record.data_checksums = checksums(set_files(settings), Path(settings.data.root))
        detach_projections(model)
        from_first(lambda: _save(settings, run, task, model, processor, trainer))
        record.finish({**metrics, **_dev_metrics(task, trainer)})
    from_first(lambda: shutil.rmtree(run.checkpoints_folder, ignore_errors=True))
    return record, predictions


def _save(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    model: Any,
    processor: CharBertProcessor,
    trainer: CharBertTrainer,
) -> None:
    with replaced_folder(run.model_folder) as draft:
        save_finetuned(model, draft)
        processor.save_pretrained(draft)
        write_usage(draft, finetuned_usage(settings, task.head.name, trainer.state.log_history))


def correct_splits(
    settings: Settings, task: Task[Any, Any], sets: Mapping[str, list[Any]], corrector: WordCorrector | None
) -> dict[str, list[Any]]:
    """Return the training and development examples as the model reads them."""
    splits = ("train", "dev")
    corrected = splits if settings.model.recognizer.correct_training else ("dev",)
    return {name: correct_examples(task, sets[name], corrector if name in corrected else None) for name in splits}


def build_model(settings: Settings, task: Task[Any, Any]) -> tuple[CharBertProcessor, Any]:
    """Return the processor and the model, its head new, after pretraining the encoder when it is missing."""
    labels: dict[str, Any] = {}
    if task.labels:
        labels = {
            "id2label": dict(enumerate(task.labels)),
            "label2id": {label: position for position, label in enumerate(task.labels)},
        }
    head = getattr(charbert.model, task.head.model_class)
    if settings.distillation.student_layers:
        return build_student(settings, task)
    if settings.model.released:
        processor = released_processor(settings)
        seed_everything(settings.seed, "head")
        return processor, released_model(settings, processor, head, **labels)
    return build_start(settings, head, **labels)


def _build_trainer(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    dev: Sequence[Any],
    encoded: Encoded,
    objectives: Objectives,
    model: Any,
    strategy: Strategy,
) -> CharBertTrainer:
    def score_dev(prediction: EvalPrediction) -> dict[str, float]:
        logits = unpad_logits(prediction.predictions, encoded.features)
        return task.score(dev, task.decode(logits, encoded))

    return build_trainer(
        settings.finetuning_on_task,
        model,
        objectives.train_set,
        encoded.features,
        objectives.collate,
        folder=run.checkpoints_folder,
        seed=settings.seed,
        best_metric=f"eval_{task.metric}",
        compute_metrics=score_dev,
        extra_losses=objectives.extra_losses,
        strategy=strategy,
    )


def predict_eval_sets(
    settings: Settings,
    task: Task[Any, Any],
    eval_sets: Mapping[str, Sequence[Any]],
    processor: CharBertProcessor,
    trainer: CharBertTrainer,
    corrector: WordCorrector | None,
) -> dict[str, SetPredictions]:
    """Return the predictions of the trainer's model on every version of the test set."""
    predictions = {}
    for name, examples in eval_sets.items():
        log.info("scoring %s on %s (%s)", settings.model.name, settings.task.name, name)
        predictions[name] = predict_set(task, examples, processor, settings.finetuning_length, trainer, corrector)
    return predictions


def dev_scores(
    settings: Settings, task: Task[Any, Any], dev: Sequence[Any], encoded: Encoded, trainer: CharBertTrainer
) -> StoredLogits | None:
    """Return the best checkpoint's scores on the dev set, None where no temperature is wanted or there are none."""
    if not settings.calibration.temperature or not task.decision_labels:
        return None
    return stored_logits(task, dev, predict_encoded(task, encoded, trainer))


def _dev_metrics(task: Task[Any, Any], trainer: CharBertTrainer) -> dict[str, float]:
    best = trainer.state.best_metric
    return {} if best is None else {f"dev/{task.name}/{task.metric}": float(best)}
