"""A task and the model that is trained on it: built, and after training predicting, recorded and saved."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

import charbert.model
from charbert.config.data.sets import TaskKind
from charbert.config.schema import Settings
from charbert.deploy.predict.usage import write_usage
from charbert.evaluation.calibration import RECORD_KEY
from charbert.evaluation.logits import StoredLogits
from charbert.evaluation.predict import predict_logits
from charbert.evaluation.robustness import SetPredictions, correct_examples, decode_encoded, predict_set, stored_logits
from charbert.files import replaced_folder
from charbert.integrity import checksums
from charbert.model.adaptation.lora import save_finetuned
from charbert.model.tokenization import CharBertTokenizer
from charbert.pipelines.build.data import read_articles, set_files
from charbert.pipelines.build.objectives import Objectives, build_objectives, build_student
from charbert.pipelines.build.released import released_model, released_processor
from charbert.pipelines.evaluate.scoring import score_eval_sets
from charbert.pipelines.train.corrector import prepare_corrector
from charbert.pipelines.train.pretrain import build_start
from charbert.records import ResultRecord, shorten_path
from charbert.runs.recorder import seed_everything
from charbert.runs.run import Run
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Usage
from charbert.tasks.task import Task
from charbert.text.char_vocab import CharVocab
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.repaired import Corrector
from charbert.training.distributed.processes import from_first
from charbert.training.tracking import TrackedRun
from charbert.training.trainer import CharBertTrainer

log = logging.getLogger(__name__)

_MOST_UNKNOWN = 0.01
"""Share of characters without an id of their own that is warned of."""


@dataclass
class TaskModel:
    """The encoded examples of a task, and the model that is trained on them."""

    settings: Settings
    task: Task[Any, Any]
    processor: CharBertTokenizer
    model: Any
    corrector: Corrector | None
    """Corrects the examples; None: nothing does, or the processor."""
    examples: dict[str, list[Any]]
    """``train`` and ``dev``, corrected where the model reads corrected text."""
    encoded: dict[str, Encoded]
    """Their features."""

    @classmethod
    def build(cls, settings: Settings, task: Task[Any, Any], sets: Mapping[str, list[Any]]) -> Self:
        """Return the model, its head new, after making its encoder and its corrector if they are missing.

        Args:
            task: the benchmark; it knows its labels.
            sets: examples of ``train`` and ``dev``.
        """
        corrector = prepare_corrector(settings, task, sets)
        processor, model = _build_model(settings, task)
        if corrector is not None:
            by_processor = not settings.model.corrects_examples
            processor.correct_by(corrector if by_processor else None)
            corrector = None if by_processor else corrector
        corrected = ("train", "dev") if settings.model.recognizer.correct_training else ("dev",)
        examples = {
            name: correct_examples(task, sets[name], corrector if name in corrected else None)
            for name in ("train", "dev")
        }
        if processor.char_vocab is not None:
            report_unknown(processor.char_vocab, task.sentences(examples["train"]))
        encoded = {name: task.encode(rows, processor, settings.finetuning_length) for name, rows in examples.items()}
        return cls(settings, task, processor, model, corrector, examples, encoded)

    def objectives(self) -> Objectives:
        """Return the training set, its collator and the losses beside that of the labels."""
        train, encoded = self.examples["train"], self.encoded["train"]
        return build_objectives(self.settings, self.task, train, encoded, self.processor, self.model)

    def score_dev(self, logits: Sequence[np.ndarray]) -> dict[str, float]:
        """Return the dev scores of logits, one array per feature."""
        return self.task.score(self.examples["dev"], self.task.decode(logits, self.encoded["dev"]))

    def predict(
        self, eval_sets: Mapping[str, Sequence[Any]], trainer: CharBertTrainer
    ) -> tuple[dict[str, SetPredictions], StoredLogits | None]:
        """Return the predictions of the trainer's model on the eval sets, and its `dev_logits`."""
        settings, predictions = self.settings, {}
        logits_of = partial(predict_logits, trainer)
        for name, examples in eval_sets.items():
            which = "the clean test set" if name == "clean" else f"the test set with typos ({name})"
            log.info("scoring %s on %s: %s", settings.model.name, settings.task.name, which)
            predictions[name] = predict_set(
                self.task, examples, self.processor, settings.finetuning_length, logits_of, self.corrector
            )
        if not eval_sets:
            return {}, None

        def predict_dev() -> SetPredictions:
            return decode_encoded(self.task, self.encoded["dev"], logits_of(self.encoded["dev"].features))

        return predictions, dev_logits(settings, self.task, self.examples["dev"], predict_dev)

    def save(self, run: Run, model: Any, log_history: Sequence[Mapping[str, Any]]) -> None:
        """Write model, processor and what inference needs to know into the run's folder.

        Args:
            model: as training has left it.
            log_history: the trainer's log, see `inference_usage`.
        """
        with replaced_folder(run.model_folder) as draft:
            save_finetuned(model, draft)
            self._save_processor(draft)
            words = self.task.word_rule(self.examples["train"])
            write_usage(draft, inference_usage(self.settings, self.task.head.name, log_history, words))

    def _save_processor(self, folder: Path) -> None:
        """Write the processor and the corrector; a dictionary as part of the processor.

        So the classes of ``transformers`` read corrected text too, of both channels and for answers in the question
        alone, as `correct_examples` corrects it. A processor cannot hold a word recognizer.
        """
        if not isinstance(self.corrector, DictionaryCorrector):
            self.processor.save_pretrained(folder)
            if self.corrector is not None:
                self.corrector.save(folder)
            return
        is_answering = self.settings.task.kind is TaskKind.question_answering
        self.processor.correct_by(self.corrector, "first" if is_answering else "both")
        try:
            self.processor.save_pretrained(folder)
        finally:
            self.processor.correct_by(None)


def report_unknown(characters: CharVocab, sentences: Sequence[Sequence[str]]) -> None:
    """Log how many characters of the training set the char channel cannot tell apart."""
    unknown = characters.unknown(map("".join, sentences))
    if not unknown:
        return
    share = unknown.total() / sum(len(word) for words in sentences for word in words)
    often = ", ".join(f"{char!r} ({count})" for char, count in unknown.most_common(5))
    level, hint = (
        (logging.WARNING, "; pretrain on text of this language") if share > _MOST_UNKNOWN else (logging.INFO, "")
    )
    message = "%d characters of the training set (%.2f %%) are not in the character vocabulary: %s%s"
    log.log(level, message, unknown.total(), 100 * share, often, hint)


def _build_model(settings: Settings, task: Task[Any, Any]) -> tuple[CharBertTokenizer, Any]:
    labels: dict[str, Any] = {}
    if task.labels:
        labels = {"id2label": dict(enumerate(task.labels)), "label2id": task.label_ids}
    head = getattr(charbert.model, task.head.model_class)
    if settings.distillation.student_layers:
        return build_student(settings, task)
    if settings.model.released:
        processor = released_processor(settings)
        seed_everything(settings.seed, "head")
        return processor, released_model(settings, processor, head, **labels)
    return build_start(settings, head, **labels)


def dev_logits(
    settings: Settings, task: Task[Any, Any], dev: Sequence[Any], predict: Callable[[], SetPredictions]
) -> StoredLogits | None:
    """Return the logits on the dev set, None where no temperature is fitted or a task has no decisions."""
    if not settings.calibration.temperature or not task.decision_labels:
        return None
    return stored_logits(task, dev, predict())


def record_scores(
    settings: Settings,
    run: Run,
    task: Task[Any, Any],
    record: ResultRecord,
    tracked: TrackedRun,
    eval_sets: Mapping[str, Sequence[Any]],
    predictions: Mapping[str, SetPredictions],
    dev: StoredLogits | None,
) -> dict[str, float]:
    """Return the scores of predictions, see `score_eval_sets`; the record gets details and the data's checksums."""
    metrics: dict[str, float] = {}
    if eval_sets:
        metrics, record.details[RECORD_KEY] = from_first(
            lambda: score_eval_sets(
                settings, run, task, eval_sets, predictions, tracked, dev, articles=read_articles(settings)
            )
        )
    record.details["reports"] = {name: of_set.report for name, of_set in predictions.items()}
    root = Path(settings.data.root)
    if task.file_reports:
        record.details["files"] = {shorten_path(path, root): report for path, report in task.file_reports.items()}
    record.data_checksums = record.data_checksums or checksums(set_files(settings), root)
    return metrics


def inference_usage(
    settings: Settings, head: str, log_history: Sequence[Mapping[str, Any]], words: dict[str, Any] | None = None
) -> Usage:
    """Return the `Usage` that is saved with a fine-tuned model.

    Args:
        head: of the model, see `charbert.tasks.head.Head`.
        log_history: the trainer's log; the no-answer threshold is that of the evaluation that chose the checkpoint.
        words: how raw text is cut into words, see `charbert.tasks.task.Task.word_rule`.
    """
    task, spans = settings.task, settings.task.spans
    pairs = task.columns.second is not None if task.kind is TaskKind.classification else None
    return Usage(
        head=head,
        max_length=settings.finetuning_length,
        task=task.name,
        pairs=pairs,
        corrected=settings.model.corrects_examples,
        no_answers=spans.no_answers,
        no_answer_threshold=_best_threshold(log_history, f"eval_{task.metric}"),
        document_stride=spans.document_stride,
        n_best=spans.n_best,
        max_answer_length=spans.max_answer_length,
        max_question_length=spans.max_question_length,
        words=words,
    )


def _best_threshold(log_history: Sequence[Mapping[str, Any]], metric: str) -> float:
    """Return the threshold with the best F1 in the evaluation with the best metric; 0 where there is none."""
    lines = [line for line in log_history if "eval_best_f1_threshold" in line]
    return float(max(lines, key=lambda line: line[metric])["eval_best_f1_threshold"]) if lines else 0.0
