import pytest

from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.data.readers.squad import Answer, Question
from charbert.tasks.answering.baseline import OverlapAnswers, split_sentences

SETTINGS = BaselineSettings(kind=BaselineKind.tfidf, min_count=1)
CONTEXT = "The ferry to Malmö cost 12.50 francs. Ada Lind painted the lighthouse door in 1987. Nobody answered."


def question(text: str, answer: str | None) -> Question:
    answers = () if answer is None else (Answer(answer, CONTEXT.index(answer)),)
    return Question(text, text, CONTEXT, answers)


TRAIN = [
    question("Who painted the lighthouse door?", "Ada Lind"),
    question("What did the ferry to Malmö cost?", "12.50 francs"),
    question("How many whales swim near Bergen?", None),
    question("Which king wrote letters?", None),
] * 3


def test_the_answer_comes_from_the_most_similar_sentence() -> None:
    predictions = OverlapAnswers(TRAIN, SETTINGS, n_best=5).predict(TRAIN[:2])
    assert [prediction.text for prediction in predictions] == [
        "Ada Lind",
        "12.50",
    ]  # where an answer ends it cannot know
    for prediction in predictions:
        assert all(CONTEXT[each.start : each.end] == each.text for each in prediction.candidates)
        assert len({each.text for each in prediction.candidates}) == len(prediction.candidates) <= 5


def test_a_question_without_common_words_has_no_answer() -> None:
    predictions = OverlapAnswers(TRAIN, SETTINGS, n_best=5).predict(TRAIN)
    assert [prediction.null_difference > 0 for prediction in predictions] == [not row.answers for row in TRAIN]


@pytest.mark.parametrize(("number", "answered"), [(2, True), (4, False)])
def test_the_majority_baseline_answers_all_questions_or_none(number: int, answered: bool) -> None:
    rows = [row for row in TRAIN if row.answers] + [row for row in TRAIN if not row.answers] * (number // 2)
    predictions = OverlapAnswers(rows[: len(rows) - 1] if answered else rows, BaselineSettings(), n_best=3).predict(
        rows
    )
    assert {prediction.null_difference < 0 for prediction in predictions} == {answered}
    assert len({prediction.null_difference for prediction in predictions}) == 1


def test_a_question_that_repeats_its_sentence_still_has_an_answer() -> None:
    row = question("Nobody answered.", None)
    assert OverlapAnswers(TRAIN, SETTINGS, n_best=3).predict([row])[0].text


def test_a_period_in_a_number_does_not_end_a_sentence() -> None:
    assert [CONTEXT[start:end].strip() for start, end in split_sentences(CONTEXT)] == [
        "The ferry to Malmö cost 12.50 francs.",
        "Ada Lind painted the lighthouse door in 1987.",
        "Nobody answered.",
    ]
    assert split_sentences("...") == [(0, 3)]
