"""Fine-tuning on a task, then scoring clean and attacked test sets (Sec. 4.2-4.5)."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from transformers import EvalPrediction

from charbert.config.schema import Settings
from charbert.data.collate import PadCollator
from charbert.evaluation.correction import correct_examples
from charbert.evaluation.predict import unpad_logits
from charbert.evaluation.robustness import SetScore, score_set
from charbert.model import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.processing import CharBertProcessor
from charbert.model.word_correction import WordCorrector
from charbert.pipelines.cells import Cell, finetuning_cell
from charbert.pipelines.ingredients import build_attack, data_file, prepare_data, set_files, task_files
from charbert.pipelines.pretrain import encoder_processor, model_overrides, prepare_encoder, prepare_trunk
from charbert.pipelines.released import released_model, released_processor
from charbert.pipelines.runs import checksums, history, recorded_run, seed_everything, train
from charbert.pipelines.word_recognizer import prepare_corrector
from charbert.records import ResultRecord, write_atomically
from charbert.tasks.catalog import build_task
from charbert.tasks.task import Task
from charbert.training.arguments import build_arguments
from charbert.training.trainer import CharBertTrainer

log = logging.getLogger(__name__)

_HEADS: dict[str, Any] = {
    "token_classification": CharBertForTokenClassification,
    "sequence_classification": CharBertForSequenceClassification,
    "question_answering": CharBertForQuestionAnswering,
}


def run(settings: Settings) -> ResultRecord:
    """Return the record of the cell, after pretraining, fine-tuning and scoring what is missing."""
    cell = finetuning_cell(settings)
    record = cell.finished()
    if record is not None:
        log.info("%s: finished before, record %s", cell.name, cell.record_path)
        return record
    return _run(settings, cell)


def prepare_finetuned(settings: Settings) -> Cell:
    """Return the cell of the fine-tuned model, after fine-tuning it when its weights or predictions are missing."""
    cell = finetuning_cell(settings)
    if cell.finished() is None or not cell.model_folder.is_dir() or not cell.predictions_path("clean").is_file():
        _run(settings, cell)
    return cell


def _run(settings: Settings, cell: Cell) -> ResultRecord:
    prepare_data(settings)
    task = build_task(settings.task)
    sets = read_sets(settings, task)
    task.learn_labels(sets["train"])
    corrector = prepare_corrector(settings, task, sets)
    processor, model = _build_model(settings, task)
    log.info("fine-tuning %s on %s, seed %d", settings.model.name, settings.task.name, settings.seed)
    return _finetune(settings, cell, task, sets, processor, model, corrector)


def read_sets(settings: Settings, task: Task[Any, Any]) -> dict[str, list[Any]]:
    """Return the examples of the train, dev and test sets, and of each attacked copy by its name."""
    files = task_files(settings)
    sets = {
        split: task.read(data_file(settings, getattr(files, split), f"the {split} set"))
        for split in ("train", "dev", "test")
    }
    for name, relative in files.attacked.items():
        path = data_file(settings, relative, f"the attacked set {name}")
        sets[name] = task.read(path, attacked=True)
        task.check_aligned(sets["test"], sets[name], path)
    return sets


def _build_model(settings: Settings, task: Task[Any, Any]) -> tuple[CharBertProcessor, Any]:
    """Return the processor and the model, its head new, after pretraining the encoder when it is missing."""
    labels: dict[str, Any] = {}
    if task.labels:
        labels = {
            "id2label": dict(enumerate(task.labels)),
            "label2id": {label: position for position, label in enumerate(task.labels)},
        }
    head = _HEADS[task.head]
    if settings.model.released:
        processor = released_processor(settings)
        seed_everything(settings.seed, "head")
        return processor, released_model(settings, processor, head, **labels)
    trunk, encoder = prepare_trunk(settings), prepare_encoder(settings)
    processor = encoder_processor(settings, trunk, encoder)
    overrides = model_overrides(settings, processor)
    seed_everything(settings.seed, "head")
    if encoder is None:
        return processor, head.from_trunk(trunk, **overrides, **labels)
    return processor, head.from_pretrained(encoder, head_channels=overrides["head_channels"], **labels)


def _finetune(
    settings: Settings,
    cell: Cell,
    task: Task[Any, Any],
    sets: dict[str, list[Any]],
    processor: CharBertProcessor,
    model: Any,
    corrector: WordCorrector | None,
) -> ResultRecord:
    training = settings.finetuning
    corrected = ("train", "dev") if settings.model.recognizer.correct_training else ("dev",)
    sets = sets | {split: correct_examples(task, sets[split], corrector) for split in corrected}
    encoded = {split: task.encode(sets[split], processor, training.max_length) for split in ("train", "dev")}

    def score_dev(prediction: EvalPrediction) -> dict[str, float]:
        logits = unpad_logits(prediction.predictions, encoded["dev"].features)
        return task.score(sets["dev"], task.decode(logits, encoded["dev"]))

    with recorded_run(settings, cell) as (record, tracking):
        trainer = CharBertTrainer(
            new_weights_learning_rate=training.optimizer.new_weights_learning_rate,
            model=model,
            args=build_arguments(
                training,
                cell.folder / "checkpoints",
                settings.seed,
                len(encoded["train"].features),
                best_metric=f"eval_{task.metric}",
            ),
            train_dataset=encoded["train"].features,
            eval_dataset=encoded["dev"].features,
            data_collator=PadCollator(processor.pad_values, processor.row_length),
            compute_metrics=score_dev,
        )
        record.training_tokens = train(trainer, tracking, training.patience)
        scores = _score_all(settings, cell, task, sets, processor, trainer, corrector)
        record.details["history"] = history(trainer)
        record.details["reports"] = {score.name: score.report for score in scores}
        record.details["train_report"] = encoded["train"].report
        record.data_checksums = checksums(set_files(settings), Path(settings.data.root))
        model.save_pretrained(cell.model_folder)
        processor.save_pretrained(cell.model_folder)
        metrics = {key: value for score in scores for key, value in score.metrics.items()}
        record.finish({**metrics, **_dev_metrics(task, trainer)})
    shutil.rmtree(cell.folder / "checkpoints", ignore_errors=True)
    return record


def _score_all(
    settings: Settings,
    cell: Cell,
    task: Task[Any, Any],
    sets: dict[str, list[Any]],
    processor: CharBertProcessor,
    trainer: CharBertTrainer,
    corrector: WordCorrector | None,
) -> list[SetScore]:
    """Score the clean test set, our attack on it, and every attacked copy made elsewhere."""
    attacked, _ = task.attack(sets["test"], build_attack(settings.attack), settings.attack.seed)
    versions = {"clean": sets["test"], settings.attack.name: attacked}
    versions |= {name: sets[name] for name in task_files(settings).attacked}
    scores = []
    for name, examples in versions.items():
        log.info("scoring %s on %s (%s)", settings.model.name, settings.task.name, name)
        examples = correct_examples(task, examples, corrector)
        score = score_set(task, name, examples, processor, settings.finetuning.max_length, trainer)
        lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in score.predictions)
        write_atomically(cell.predictions_path(name), lines)
        scores.append(score)
    units = {score.name: np.asarray(score.units).tolist() for score in scores}
    write_atomically(cell.record_path.with_name("per_example.json"), json.dumps(units) + "\n")
    return scores


def _dev_metrics(task: Task[Any, Any], trainer: CharBertTrainer) -> dict[str, float]:
    best = trainer.state.best_metric
    return {} if best is None else {f"dev/{task.name}/{task.metric}": float(best)}
