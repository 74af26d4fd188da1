"""Scores of arbitrary predictions: in their range, 1 where all is right, and an error of ours where nothing is."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.metrics import calibration, classification, ranking, significance, spans, tagging
from charbert.metrics.no_answer_threshold import best_no_answer_thresholds
from charbert.metrics.word_recognition import recognition_scores

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("aA the.,\u0301\u200d\ufeff\0\u202e😀")), max_size=12)
TAGS = st.one_of(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]), TEXTS)
ROWS = st.lists(st.lists(st.tuples(TAGS, TAGS), max_size=4), max_size=4)


def shares(scores: dict[str, float]) -> bool:
    return all(0 <= value <= 1 for value in scores.values())


@given(PAIRS)
def test_scores_of_labels_are_shares_and_1_where_all_is_right(pairs: list[tuple[int, int]]) -> None:
    gold, predicted = (list(side) for side in zip(*pairs, strict=True))
    assert shares(classification.averaged_scores(gold, predicted) | classification.positive_scores(gold, predicted))
    assert 0 <= classification.accuracy(gold, predicted) <= 1
    assert -1 <= classification.matthews(gold, predicted) <= 1
    assert classification.confusion_matrix(gold, predicted, 4).sum() == len(pairs)
    assert set(classification.averaged_scores(gold, gold).values()) == {1.0}
    assert classification.accuracy(gold, gold) == 1
    assert classification.matthews(gold, gold) == pytest.approx(1.0 if len(set(gold)) > 1 else 0.0)


@given(ROWS)
def test_scores_of_tags_are_shares_or_the_tags_are_refused(rows: list[list[tuple[str, str]]]) -> None:
    gold, predicted = ([[pair[side] for pair in row] for row in rows] for side in (0, 1))
    assert 0 <= tagging.token_accuracy(gold, predicted) <= 1
    assert tagging.token_accuracy(gold, gold) == float(any(gold))
    flat = [[tag for row in side for tag in row] for side in (gold, predicted)]
    assert all(0 <= score.f1 <= 1 for score in tagging.label_scores(*flat).values())
    assert all(score.f1 == 1 for score in tagging.label_scores(flat[0], flat[0]).values())
    try:
        scores = tagging.entity_scores(gold, predicted)
    except DataError:
        return
    assert shares({name: asdict(scores)[name] for name in ("f1", "precision", "recall")})
    assert shares(tagging.type_averages(scores.per_type))
    assert tagging.entity_counts(gold, predicted).shape == (len(rows), 3)
    assert tagging.entity_scores(gold, gold).f1 == float(scores.gold > 0)


@given(st.dictionaries(TEXTS, st.tuples(st.lists(TEXTS, max_size=3), TEXTS, st.floats(-5, 5)), max_size=6))
def test_scores_of_answers_are_shares_and_1_where_all_is_right(cases: dict[str, tuple[list[str], str, float]]) -> None:
    answers = {name: right for name, (right, _, _) in cases.items()}
    predictions = {name: text for name, (_, text, _) in cases.items()}
    if not cases:
        with pytest.raises(DataError, match="at least one question"):
            spans.span_scores(predictions, answers)
        return
    scores = asdict(spans.span_scores(predictions, answers))
    assert shares(scores)
    perfect = {
        name: next((answer for answer in right if spans.normalize_answer(answer)), "")
        for name, right in answers.items()
    }
    assert spans.span_scores(perfect, answers).exact == spans.span_scores(perfect, answers).f1 == 1
    thresholds = best_no_answer_thresholds(predictions, answers, {name: case[2] for name, case in cases.items()})
    assert all(0 <= threshold.score <= 1 for threshold in thresholds)


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3)), max_size=8))
def test_scores_of_logits_are_in_their_range(cases: list[tuple[int, list[float]]]) -> None:
    gold = np.array([label for label, _ in cases], dtype=np.int64)
    logits = np.array([row for _, row in cases]).reshape(-1, 3)
    if not cases:
        for score in (calibration.calibration_scores, calibration.fit_temperature, ranking.label_areas):
            with pytest.raises(DataError):
                score(gold, logits)
        return
    scores = calibration.calibration_scores(gold, logits)
    assert scores.pop("nll") >= 0
    assert shares({name: round(value, 12) for name, value in scores.items()})
    low, high = calibration.TEMPERATURES
    assert low <= calibration.fit_temperature(gold, logits) <= high
    assert shares(ranking.ranking_scores(gold, calibration.probabilities_of(logits)))


@given(PAIRS, st.integers(0, 2**32 - 1))
def test_tests_of_significance_give_shares(pairs: list[tuple[int, int]], seed: int) -> None:
    units = [np.array([[min(x, 1), 1] for x in side]) for side in zip(*pairs, strict=True)]
    rng = np.random.default_rng(seed)
    comparison = significance.approximate_randomization(*units, rng, statistic=significance.mean_of_counts, rounds=100)
    assert 0 <= comparison.p_value <= 1
    assert 0 <= significance.mcnemar(*(side[:, 0] == 1 for side in units)).p_value <= 1


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(DataError):
        classification.accuracy([], [])
    with pytest.raises(DataError):
        recognition_scores(np.array([-100]), np.array([1]), 5, -100)
    assert tagging.entity_scores([], []).f1 == tagging.token_accuracy([], []) == 0
