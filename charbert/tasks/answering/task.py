"""Extractive question answering (Sec. 3.6, 4.2): SQuAD 1.1 and 2.0."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charbert.batch import Processor
from charbert.config.data.sets import SpanSettings, TaskSettings
from charbert.config.model.classical import BaselineSettings
from charbert.data.readers.lines import check_aligned
from charbert.data.readers.squad import Question, read_squad, write_squad
from charbert.errors import SettingsError
from charbert.metrics.spans import answer_f1, exact_match
from charbert.tasks.answering.adapter import QuestionAdapter
from charbert.tasks.answering.aligner import SpanAligner
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction, decode_spans
from charbert.tasks.answering.encoding import encode_questions
from charbert.tasks.answering.hub import hub_questions
from charbert.tasks.answering.reader import AnswerOutput, AnswerReader, QuestionInput
from charbert.tasks.answering.scores import (
    Answers,
    Questions,
    expected_scores,
    given_answers,
    question_scores,
    right_answers,
)
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Head
from charbert.tasks.task import Baseline, ExampleErrors, Task

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows

_METRICS = ("exact", "f1")
_ANSWERED = {True: "answer", False: "no answer"}
_NO_ANSWER_METRICS = ("exact_at_zero", "f1_at_zero", "best_exact", "best_f1")

HEAD = Head(
    name="question_answering",
    architecture="QuestionAnswering",
    fields={"question": True, "context": True},
    input=QuestionInput,
    output=AnswerOutput,
    reader=AnswerReader,
    aligner=SpanAligner,
    has_labels=False,
)


class QuestionAnsweringTask(Task[Question, SpanPrediction]):
    """The span of the context that answers a question, or none.

    Paper: Sec. 3.6; in SQuAD 2.0 no answer is given where its score at [CLS] is above that of the best answer
    by more than a threshold, and the best threshold is searched on the scored set.

    Args:
        metric: exact or f1; with ``spans.no_answers`` exact_at_zero, f1_at_zero, best_exact or best_f1.
        spans: windows and answers.

    Raises:
        SettingsError: if the metric is none of these.
    """

    head = HEAD
    suffix = ".json"
    decision_path = "answerability/"

    def __init__(self, name: str, metric: str, spans: SpanSettings) -> None:
        super().__init__(name, metric)
        known = _NO_ANSWER_METRICS if spans.no_answers else _METRICS
        if metric not in known:
            raise SettingsError(
                f"task.metric must be one of {', '.join(known)} with "
                f"task.spans.no_answers={spans.no_answers}, got {metric!r}"
            )
        self.spans = spans
        self.adapter = QuestionAdapter(no_answers=spans.no_answers)

    @classmethod
    def from_settings(cls, settings: TaskSettings) -> QuestionAnsweringTask:
        """Return the task with its windows and answers."""
        return cls(settings.name, settings.metric, settings.spans)

    def read(self, path: Path, *, attacked: bool = False, errors: ExampleErrors = None) -> list[Question]:
        """Return the questions of a SQuAD file; attacked ones have the same layout."""
        return read_squad(path, no_answers=self.spans.no_answers, errors=errors)

    def write(self, path: Path, examples: Questions) -> None:
        """Write questions as a SQuAD file that ``read`` reads back."""
        write_squad(path, examples, version="v2.0" if self.spans.no_answers else "1.1")

    def write_hub(self, path: Path, rows: HubRows) -> None:
        """Write the questions of a split as a SQuAD file."""
        write_squad(path, hub_questions(rows))

    def learn_labels(self, examples: Questions) -> None:
        """Leave the labels empty: a span has none."""
        self.labels = []

    def check_labels(self, examples: Questions, path: Path) -> None:
        """Do nothing: the reader has checked the answers."""

    def encode(self, examples: Questions, processor: Processor, max_length: int) -> Encoded:
        """Return windows of question and context; a long context gives several."""
        encoded = encode_questions(
            examples,
            processor,
            max_length,
            document_stride=self.spans.document_stride,
            max_question_length=self.spans.max_question_length,
        )
        return Encoded(encoded.features, origin=encoded, report=asdict(encoded.report))

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[SpanPrediction]:
        """Return the best answers to every question, from start and end logits (T, 2) of each window."""
        return decode_spans(
            logits,
            encoded.origin,
            n_best=self.spans.n_best,
            max_answer_length=self.spans.max_answer_length,
        )

    @property
    def decision_labels(self) -> list[str]:
        """Return no answer and answer; nothing for SQuAD 1.1, where every question has one."""
        return [_ANSWERED[False], _ANSWERED[True]] if self.spans.no_answers else []

    def stored_logits(
        self, logits: Sequence[np.ndarray], encoded: Encoded, predictions: Answers
    ) -> list[np.ndarray] | None:
        """Return the scores of no answer and of the best answer to each question, (1, 2); None for SQuAD 1.1."""
        return self.answerability(predictions)

    def answerability(self, predictions: Answers) -> list[np.ndarray] | None:
        """Return the `stored_logits`, which the predictions hold."""
        if not self.spans.no_answers:
            return None
        best = [prediction.candidates[0].score for prediction in predictions]
        return [
            np.array([[prediction.null_difference + score, score]], dtype=np.float32)
            for prediction, score in zip(predictions, best, strict=True)
        ]

    def fit_baseline(self, examples: Questions, settings: BaselineSettings, seed: int) -> Baseline:
        """Return answers from the sentence that has most in common with the question."""
        # needs scikit-learn, which takes a second to import and is not needed to predict raw text
        from charbert.tasks.answering.baseline import OverlapAnswers

        baseline = OverlapAnswers(examples, settings, self.spans.n_best)

        def predict(questions: Questions) -> tuple[list[SpanPrediction], list[np.ndarray] | None]:
            predictions = baseline.predict(questions)
            return predictions, self.answerability(predictions)

        return predict

    def score(self, examples: Questions, predictions: Answers) -> dict[str, float]:
        """Return exact match and F1, see `charbert.tasks.answering.scores.question_scores`."""
        return question_scores(examples, predictions, no_answers=self.spans.no_answers)

    @property
    def tested_metrics(self) -> tuple[str, ...]:
        """The metric, and F1 for exact match or exact match for F1, with its threshold chosen in the same way."""
        other = self.metric.replace("exact", "f1") if "exact" in self.metric else self.metric.replace("f1", "exact")
        return (self.metric, other)

    def units(self, examples: Questions, predictions: Answers, metric: str | None = None) -> np.ndarray:
        """Return what each question scores in the metric, and 1, (N, 2); best_ ones at the best threshold."""
        metric = metric or self.metric
        texts = self._given_answers(examples, predictions, metric)
        score = exact_match if "exact" in metric else answer_f1
        values = [score(texts[name], answers) for name, answers in right_answers(examples).items()]
        return np.stack([np.array(values), np.ones(len(values))], axis=1)

    def example_scores(
        self, examples: Questions, predictions: Answers, logits: Sequence[np.ndarray] | None
    ) -> np.ndarray:
        """Return the F1 of each question's answer, and the F1 expected under the probabilities of the best, (N, 2).

        With unanswerable questions no answer is given where it scores higher than every answer.
        """
        return expected_scores(examples, predictions, no_answers=self.spans.no_answers)

    def unattacked_texts(self, examples: Questions) -> list[str]:
        """Return each different context once."""
        return list(dict.fromkeys(question.context for question in examples))

    def check_aligned(self, clean: Questions, attacked: Questions, path: Path) -> None:
        """Raise DataError naming the first question whose id, context or answers differ."""
        same = {name: attrgetter(name) for name in ("question_id", "context", "answers")}
        check_aligned(clean, attacked, path, "question", same)

    def describe(self, example: Question, prediction: SpanPrediction) -> Mapping[str, Any]:
        """Return the question, its answers and the best predicted ones."""
        described: dict[str, Any] = {
            "id": example.question_id,
            "question": example.question,
            "gold": [answer.text for answer in example.answers],
            "predicted": prediction.text,
            "candidates": [[candidate.text, candidate.score] for candidate in prediction.candidates],
        }
        return described | ({"null_difference": prediction.null_difference} if self.spans.no_answers else {})

    def decisions(self, examples: Questions, predictions: Answers) -> tuple[list[str], list[str]]:
        """Return whether each question has an answer, and whether it was given one; empty for SQuAD 1.1."""
        if not self.spans.no_answers:
            return [], []
        given = self._given_answers(examples, predictions, self.metric)
        return (
            [_ANSWERED[bool(question.answers)] for question in examples],
            [_ANSWERED[bool(given[question.question_id])] for question in examples],
        )

    def mistakes(self, examples: Questions, predictions: Answers, originals: Questions) -> list[dict[str, Any]]:
        """Return the questions without full F1, the lowest F1 and the largest score difference first."""
        given = self._given_answers(examples, predictions, self.metric)
        rows: list[dict[str, Any]] = [
            {
                "id": question.question_id,
                "f1": answer_f1(given[question.question_id], [answer.text for answer in question.answers]),
                "gold": " | ".join(dict.fromkeys(answer.text for answer in question.answers)),
                "predicted": given[question.question_id],
                "best_answer": prediction.text,
                "null_difference": prediction.null_difference,
                "question": question.question,
                "clean_question": original.question,
            }
            for question, prediction, original in zip(examples, predictions, originals, strict=True)
        ]
        ranked = sorted(rows, key=lambda row: (row["f1"], -abs(row["null_difference"])))
        return [row for row in ranked if row["f1"] < 1]

    def pack(self, prediction: SpanPrediction) -> dict[str, Any]:
        """Return the fields of the prediction."""
        return asdict(prediction)

    def unpack(self, packed: Any) -> SpanPrediction:
        """Return the prediction from its fields."""
        candidates = tuple(SpanCandidate(**candidate) for candidate in packed["candidates"])
        return SpanPrediction(candidates, packed["null_difference"])

    def groups(self, examples: Questions, articles: Questions | None = None) -> list[str]:
        """Return the article of each question; files without titles are grouped by context."""
        return [question.title or question.context for question in examples]

    def strata(self, examples: Questions) -> Sequence[Hashable]:
        """Return whether each question has an answer."""
        return [bool(question.answers) for question in examples]

    def _given_answers(self, examples: Questions, predictions: Answers, metric: str) -> dict[str, str]:
        return given_answers(examples, predictions, metric, no_answers=self.spans.no_answers)
