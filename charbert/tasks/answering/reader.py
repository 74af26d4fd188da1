"""Questions and contexts as raw text to answers with their places in the context."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import softmax

from charbert.data.readers.squad import Question
from charbert.tasks.answering.decoding import SpanPrediction, decode_spans
from charbert.tasks.answering.encoding import encode_questions
from charbert.tasks.encoded import Encoded
from charbert.tasks.head import Input, Output, Reader, one_line


@dataclass(frozen=True)
class QuestionInput(Input):
    """A question and the context that may answer it."""

    question: str
    context: str
    place: str = field(default="", compare=False)
    """File and line, for errors."""


@dataclass(frozen=True)
class AnswerOutput(Output):
    """The answer to a question; an empty one without place where the context has none."""

    answer: str
    start: int | None
    """Index of its first character in the context."""
    end: int | None
    """Index behind its last character."""
    score: float
    """Probability of the answer given, among the best ones (and none), in [0, 1]."""
    no_answer: bool
    """Whether the model says that the context has no answer."""

    def readable(self, given: Mapping[str, Any]) -> str:
        """Return question, answer and probability with tabs between them."""
        answer = "(no answer)" if self.no_answer else self.answer
        return f"{one_line(given['question'])}\t{one_line(answer)}\t{self.score:.3f}"


class AnswerReader(Reader):
    """Encodes questions, and decodes logits to answers; windows as in fine-tuning."""

    def check(self, inputs: Sequence[QuestionInput]) -> None:
        """Encode the inputs that may have no subword: those whose question or context has no letter or digit.

        Raises:
            DataError: as `encode`.
        """
        doubtful = [
            asked
            for asked in inputs
            if not all(any(map(str.isalnum, text)) for text in (asked.question, asked.context))
        ]
        if doubtful:
            self.encode(doubtful)

    def encode(self, inputs: Sequence[QuestionInput]) -> Encoded:
        """Return windows of question and context; only the question is corrected, since answers are parts of contexts.

        Raises:
            DataError: naming the first input whose question or context has no word.
        """
        texts = self.corrected([asked.question for asked in inputs])
        questions = [
            Question(str(number), text, asked.context, (), place=asked.place)
            for number, (text, asked) in enumerate(zip(texts, inputs, strict=True))
        ]
        encoded = encode_questions(
            questions,
            self.processor,
            self.usage.max_length,
            document_stride=self.usage.document_stride,
            max_question_length=self.usage.max_question_length,
        )
        return Encoded(encoded.features, origin=encoded)

    def decode(self, logits: Sequence[np.ndarray], encoded: Encoded) -> list[AnswerOutput]:
        """Return the answer to each question."""
        predictions = decode_spans(
            logits, encoded.origin, n_best=self.usage.n_best, max_answer_length=self.usage.max_answer_length
        )
        return [self._output(prediction) for prediction in predictions]

    def _output(self, prediction: SpanPrediction) -> AnswerOutput:
        scores = [candidate.score for candidate in prediction.candidates]
        best = prediction.candidates[0]
        if self.usage.no_answers:
            scores.append(best.score + prediction.null_difference)
        shares = softmax(scores)
        if self.usage.no_answers and prediction.null_difference > self.usage.no_answer_threshold:
            return AnswerOutput("", None, None, float(shares[-1]), no_answer=True)
        return AnswerOutput(best.text, best.start, best.end, float(shares[0]), no_answer=False)
