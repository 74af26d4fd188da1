"""How a fine-tuned model is used at inference."""

from collections.abc import Callable

import pytest

from charbert.config.schema import Settings
from charbert.pipelines.train.task_model import inference_usage
from charbert.tasks.head import Usage

Composed = Callable[..., Settings]


def test_lengths_and_limits_are_those_of_fine_tuning(composed: Composed) -> None:
    settings = composed("recipe=quick", "task=squad2", "task.max_length=96", "task.spans.n_best=7")
    usage = inference_usage(settings, "question_answering", [])
    assert usage == Usage(
        head="question_answering", max_length=96, task="squad2", no_answers=True, n_best=7,
        document_stride=settings.task.spans.document_stride, max_answer_length=settings.task.spans.max_answer_length,
        max_question_length=settings.task.spans.max_question_length,
    )  # fmt: skip


def test_the_threshold_is_that_of_the_evaluation_with_the_best_score(composed: Composed) -> None:
    settings = composed("recipe=quick", "task=squad2")
    metric = f"eval_{settings.task.metric}"
    lines = [{metric: score, "eval_best_f1_threshold": threshold} for score, threshold in ((0.3, 1.0), (0.5, -2.5))]
    log = [{"loss": 3.0}, *lines, {metric: 0.4, "eval_best_f1_threshold": 9.0}, {"train_runtime": 1.0}]
    assert inference_usage(settings, "question_answering", log).no_answer_threshold == -2.5


@pytest.mark.parametrize(("task", "pairs"), [("qnli", True), ("cola", False), ("ner", None)])
def test_a_classifier_knows_whether_it_reads_pairs(composed: Composed, task: str, pairs: bool | None) -> None:
    assert inference_usage(composed("recipe=quick", f"task={task}"), "sequence_classification", []).pairs is pairs


def test_a_word_recognizer_is_noted(composed: Composed) -> None:
    assert inference_usage(composed("recipe=quick", "model=bert_wordrec"), "token_classification", []).corrected
