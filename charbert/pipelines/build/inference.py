"""Settings of fine-tuning to what inference with its model needs to know, the no-answer threshold included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charbert.config.data.sets import TaskKind
from charbert.config.schema import Settings
from charbert.tasks.head import Usage


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
