import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.metrics.spans import (
    answer_f1,
    exact_match,
    normalize_answer,
    span_scores,
)

WORDS = st.lists(st.sampled_from(["the", "red", "Fox", "a", "jumps", "!", "an"]), max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat's hat!", "cats hat"),
        ("An apple, a day", "apple day"),
        ("theatre anthem", "theatre anthem"),
        ("$1,000.50", "100050"),
        ("the", ""),
    ],
)
def test_normalization(text: str, expected: str) -> None:
    assert normalize_answer(text) == expected


@given(WORDS)
def test_normalization_is_stable_and_an_answer_matches_itself(text: str) -> None:
    assert normalize_answer(normalize_answer(text)) == normalize_answer(text)
    assert exact_match(text, [text]) == answer_f1(text, [text]) == 1.0


@given(WORDS, WORDS)
def test_f1_is_symmetric_and_not_below_exact_match(first: str, second: str) -> None:
    assert answer_f1(first, [second]) == answer_f1(second, [first])
    assert exact_match(first, [second]) <= answer_f1(first, [second]) <= 1.0


def test_the_best_of_several_answers_counts() -> None:
    assert answer_f1("red fox jumps", ["blue hen", "the red fox"]) == pytest.approx(4 / 5)
    assert exact_match("Red fox", ["blue hen", "the red fox"]) == 1.0


def test_repeated_words_count_as_often_as_both_have_them() -> None:
    assert answer_f1("red red", ["red"]) == pytest.approx(2 / 3)


def test_scores_over_questions() -> None:
    scores = span_scores(
        {"q1": "red fox", "q2": "fox", "q3": "", "q4": "hen"},
        {"q1": ["the red fox"], "q2": ["red fox"], "q3": [], "q4": []},
    )
    assert scores.exact == pytest.approx(2 / 4)
    assert scores.f1 == pytest.approx((1 + 2 / 3 + 1 + 0) / 4)
    assert (scores.answerable_exact, scores.unanswerable_accuracy) == (0.5, 0.5)


def test_no_answer_is_right_only_when_empty() -> None:
    assert exact_match("", []) == answer_f1("", []) == 1.0
    assert exact_match("fox", []) == answer_f1("fox", []) == 0.0
    assert answer_f1("", ["fox"]) == 0.0
