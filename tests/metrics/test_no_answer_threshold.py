import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.metrics.no_answer_threshold import apply_no_answer_threshold, best_no_answer_thresholds
from charbert.metrics.spans import (
    span_scores,
)

WORDS = st.lists(st.sampled_from(["the", "red", "Fox", "a", "jumps", "!", "an"]), max_size=5).map(" ".join)


def test_the_threshold_reaches_its_score() -> None:
    predictions = {"a": "fox", "b": "hen", "c": "cow", "d": "owl"}
    answers = {"a": ["fox"], "b": [], "c": ["cow"], "d": []}
    scores = {"a": 0.1, "b": 0.5, "c": 0.3, "d": 0.9}
    exact, f1 = best_no_answer_thresholds(predictions, answers, scores)
    assert exact.score == f1.score == 1.0
    assert exact.threshold == 0.3
    emptied = apply_no_answer_threshold(predictions, scores, exact.threshold)
    assert span_scores(emptied, answers).exact == 1.0


CASES = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 2.0])), min_size=1, max_size=10
)


@given(CASES)
def test_no_threshold_is_better_than_the_best(cases: list[tuple[bool, bool, float]]) -> None:
    names = [str(number) for number in range(len(cases))]
    predictions = {name: "fox" if right else "hen" for name, (right, _, _) in zip(names, cases, strict=True)}
    answers = {name: ["fox"] if told else [] for name, (_, told, _) in zip(names, cases, strict=True)}
    scores = {name: score for name, (_, _, score) in zip(names, cases, strict=True)}
    best, _ = best_no_answer_thresholds(predictions, answers, scores)

    def reached(threshold: float) -> float:
        return span_scores(apply_no_answer_threshold(predictions, scores, threshold), answers).exact

    assert reached(best.threshold) == pytest.approx(best.score)
    assert best.score == pytest.approx(max(reached(threshold) for threshold in (-1.0, 0.0, 0.5, 1.0, 2.0)))


def test_a_question_without_prediction_is_named() -> None:
    with pytest.raises(DataError, match="'q1' has none"):
        span_scores({}, {"q1": ["fox"]})
    with pytest.raises(DataError, match="at least one question"):
        span_scores({}, {})
    with pytest.raises(DataError, match="no-answer score"):
        best_no_answer_thresholds({"q": "a"}, {"q": []}, {})
