"""Questions and contexts to answers with their places in the context."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from charbert.batch import Processor
from charbert.data.encoding.answers import SpanPrediction, decode_spans
from charbert.data.encoding.spans import encode_questions
from charbert.data.readers.squad import Question
from charbert.deploy.predict.inputs import QuestionInput
from charbert.deploy.predict.outputs import AnswerOutput
from charbert.deploy.predict.usage import Usage
from charbert.tasks.task import Encoded


class AnswerReader:
    """Encodes questions for a reader, and turns its logits into answers; windows as in fine-tuning.

    Args:
        processor: text to model inputs.
        usage: limits of windows and answers, and the threshold of no answer.
    """

    def __init__(self, processor: Processor, usage: Usage) -> None:
        self.processor = processor
        self.usage = usage

    def encode(self, inputs: Sequence[QuestionInput]) -> Encoded:
        """Return windows of question and context.

        Raises:
            DataError: naming the first input whose question or context has no word.
        """
        questions = [
            Question(str(number), text_input.question, text_input.context, (), place=text_input.place)
            for number, text_input in enumerate(inputs)
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
        exponents = np.exp(np.array(scores) - max(scores))
        shares = exponents / exponents.sum()
        if self.usage.no_answers and prediction.null_difference > self.usage.no_answer_threshold:
            return AnswerOutput("", None, None, float(shares[-1]), no_answer=True)
        return AnswerOutput(best.text, best.start, best.end, float(shares[0]), no_answer=False)
