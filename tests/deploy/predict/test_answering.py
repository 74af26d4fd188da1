"""Answers to questions about raw contexts."""

import math
from pathlib import Path

import pytest

from charbert.deploy.predict.predictor import INPUTS_AT_ONCE, Predictor
from charbert.errors import DataError, SettingsError
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.reader import AnswerReader
from charbert.tasks.head import Usage

CONTEXT = "The old lighthouse keeper counted seven ships before breakfast. She didn't answer. " * 6
QUESTIONS = [
    {"question": "How many ships?", "context": CONTEXT},
    {"question": "Who counted?", "context": "The keeper of the lighthouse."},
    {"question": "Where is the café?", "context": CONTEXT[40:]},
]


def test_the_text_of_an_answer_is_at_its_place_in_the_context(reader: Path) -> None:
    outputs = Predictor.load(reader, batch_size=2).predict(QUESTIONS)
    for given, output in zip(QUESTIONS, outputs, strict=True):
        assert output.answer == given["context"][output.start : output.end] != ""
        assert 0 < output.score <= 1
        assert not output.no_answer


def test_batches_do_not_change_answers(reader: Path) -> None:
    predictor = Predictor.load(reader)
    alone = [predictor.predict([question])[0] for question in QUESTIONS]
    together = predictor.predict(QUESTIONS)
    assert [(output.answer, output.start) for output in alone] == [(output.answer, output.start) for output in together]
    assert [output.score for output in alone] == pytest.approx([output.score for output in together], abs=1e-5)


@pytest.mark.parametrize(("threshold", "no_answer"), [(-1e6, True), (1e6, False)])
def test_the_threshold_decides_whether_there_is_no_answer(reader: Path, threshold: float, no_answer: bool) -> None:
    outputs = Predictor.load(reader, no_answer_threshold=threshold).predict(QUESTIONS)
    for output in outputs:
        assert output.no_answer == no_answer
        assert (output.answer == "") == (output.start is None) == (output.end is None) == no_answer
        assert 0 <= output.score <= 1


@pytest.mark.parametrize(("difference", "no_answer"), [(0.5, False), (0.6, True)])
def test_no_answer_shares_the_probability_with_the_best_answers(difference: float, no_answer: bool) -> None:
    usage = Usage("question_answering", 64, no_answers=True, no_answer_threshold=0.5)
    candidates = (SpanCandidate("a", 0, 1, score=2.0), SpanCandidate("b", 2, 3, score=1.0))
    output = AnswerReader(None, [], usage)._output(SpanPrediction(candidates, difference))  # type: ignore[arg-type]
    none = 2.0 + difference
    assert output.no_answer == no_answer
    assert output.score == pytest.approx(math.exp(none if no_answer else 2.0) / sum(map(math.exp, (2.0, 1.0, none))))


def test_a_threshold_that_is_no_number_is_refused(reader: Path) -> None:
    with pytest.raises(SettingsError, match=r"no_answer_threshold must be a number, .* got nan"):
        Predictor.load(reader, no_answer_threshold=math.nan)


def test_a_question_without_a_word_is_refused_by_its_place(reader: Path) -> None:
    questions = [*QUESTIONS, {"question": " ", "context": "So."}]
    with pytest.raises(DataError, match=r"inputs\[3\]: expected a question with subwords"):
        Predictor.load(reader).predict(questions)


@pytest.mark.parametrize("broken", [{"question": "\u200b", "context": "So."}, {"question": "Who?", "context": ""}])
def test_questions_without_a_word_are_found_before_the_first_is_predicted(reader: Path, broken: dict[str, str]) -> None:
    calls: list[int] = []
    given = [{"question": "?!", "context": "So."}] * (INPUTS_AT_ONCE + 1) + [broken]
    with pytest.raises(
        DataError, match=rf"inputs\[{INPUTS_AT_ONCE + 1}\]: expected a (question|context) with subwords"
    ):
        Predictor.load(reader).predict(given, check=lambda: calls.append(1))
    assert not calls
