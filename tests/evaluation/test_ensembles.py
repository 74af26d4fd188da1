import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.calibration import Rule
from charbert.config.data.sets import ColumnSettings, SpanSettings
from charbert.errors import DataError
from charbert.evaluation.ensembles import combine, combine_answers, combine_scores
from charbert.evaluation.robustness import SetPredictions
from charbert.metrics.calibration import probabilities_of
from charbert.tasks.answering.decoding import SpanCandidate, SpanPrediction
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from tests.tolerance import assert_near

RULES = list(Rule)
seeds = st.integers(0, 10_000)


def drawn(seed: int, members: int = 3, decisions: int = 7, labels: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, (members, decisions, labels))


@pytest.mark.parametrize("rule", RULES)
@given(seed=seeds)
def test_equal_members_answer_as_each_of_them(rule: Rule, seed: int) -> None:
    logits = drawn(seed, members=1)
    combined = combine_scores(np.repeat(logits, 4, axis=0), rule)
    assert (combined.argmax(-1) == logits[0].argmax(-1)).all()
    if rule is not Rule.majority:
        assert_near(probabilities_of(combined), probabilities_of(logits[0]))


@pytest.mark.parametrize("rule", RULES)
@given(seed=seeds)
def test_the_order_of_members_does_not_matter(rule: Rule, seed: int) -> None:
    logits = drawn(seed)
    assert np.allclose(combine_scores(logits, rule), combine_scores(logits[[2, 0, 1]], rule))


def test_a_majority_outvotes_one_sure_member_and_means_do_not() -> None:
    logits = np.array([[[9.0, 0.0]], [[0.0, 0.5]], [[0.0, 0.5]]])
    assert [int(combine_scores(logits, rule).argmax()) for rule in (Rule.majority, Rule.mean_logits)] == [1, 0]
    votes = probabilities_of(combine_scores(logits, Rule.majority))
    assert votes[0, 1] == pytest.approx(2 / 3, abs=1e-3)


def test_a_draw_goes_to_the_label_that_is_more_probable_on_average() -> None:
    logits = np.array([[[3.0, 0.0]], [[0.0, 1.0]]])
    assert int(combine_scores(logits, Rule.majority).argmax()) == 0
    assert int(combine_scores(-logits, Rule.majority).argmax()) == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_member_that_saw_nothing_has_no_say(rule: Rule) -> None:
    logits = drawn(1, members=2)
    logits[0, 3] = np.nan
    combined = combine_scores(logits, rule)
    assert combined[3].argmax() == logits[1, 3].argmax()
    logits[1, 3] = np.nan
    assert np.isnan(combine_scores(logits, rule)[3]).all()


def answers(null: float, **scores: float) -> SpanPrediction:
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    candidates = tuple(SpanCandidate(text, 0, len(text), score) for text, score in ranked)
    return SpanPrediction(candidates, null - candidates[0].score)


MEMBERS = (answers(-5, ada=4, bo=3), answers(-5, bo=4, cy=1), answers(-5, ada=2, cy=1.5))


def joint(members: tuple[SpanPrediction, ...], rule: Rule) -> SpanPrediction:
    return combine_answers(members, rule, n_best=2, no_answers=True)


def test_answers_are_joined_by_their_texts() -> None:
    assert joint(MEMBERS, Rule.majority).text == "ada"
    mean = joint(MEMBERS, Rule.mean_logits)
    # ada: 4, 1 (the least of the member that lacks it), 2; bo: 3, 4, 1.5; cy: 3, 1, 1.5
    assert [(candidate.text, candidate.score) for candidate in mean.candidates] == [
        ("bo", pytest.approx(8.5 / 3)),
        ("ada", pytest.approx(7 / 3)),
    ]
    assert mean.null_difference == pytest.approx(-5 - 8.5 / 3)


@pytest.mark.parametrize("rule", RULES)
def test_equal_members_give_their_answer_or_none(rule: Rule) -> None:
    for member in (answers(0, ada=3, bo=1), answers(5, ada=3, bo=1)):
        joined = joint((member,) * 3, rule)
        assert joined.text == "ada"
        assert (joined.null_difference > 0) == (member.null_difference > 0)
    forward, backward = joint(MEMBERS, rule), joint(MEMBERS[::-1], rule)
    assert [each.text for each in forward.candidates] == [each.text for each in backward.candidates]
    assert forward.null_difference == pytest.approx(backward.null_difference)


@pytest.mark.parametrize("rule", RULES)
def test_answers_that_are_equally_good_stay_in_their_order(rule: Rule) -> None:
    first, second = (
        SpanPrediction((SpanCandidate("ada", at, at + 3, 1), SpanCandidate("bo", 9, 11, 1)), 0) for at in (0, 5)
    )
    for members in ((first,), (first, second), (second, first)):
        joined = joint(members, rule)
        assert [(each.text, each.start) for each in joined.candidates] == [("ada", 0), ("bo", 9)]


def test_two_members_without_an_answer_outvote_one_with() -> None:
    joined = joint((answers(1, ada=0.5), answers(1, bo=0.5), answers(-9, cy=9)), Rule.majority)
    assert joined.null_difference > 0


def test_tasks_decide_from_joint_scores() -> None:
    task = ClassificationTask("pairs", "accuracy", ColumnSettings(label_names={"0": "no", "1": "yes"}))
    members = [
        SetPredictions(task.decide(rows), scores=rows) for rows in ([np.array([[1.0, 0]])], [np.array([[0, 3.0]])])
    ]
    joined = combine(task, members, Rule.mean_logits)
    assert [prediction.label for prediction in joined.predictions] == ["yes"]
    reading = QuestionAnsweringTask("squad2", "f1_at_zero", SpanSettings(no_answers=True))
    joined = combine(reading, [SetPredictions([member]) for member in MEMBERS], Rule.mean_logits)
    assert joined.scores is not None
    assert joined.scores[0] == pytest.approx(np.array([[-5, 8.5 / 3]]))


def test_members_of_other_examples_or_without_scores_are_refused() -> None:
    task = ClassificationTask("pairs", "accuracy", ColumnSettings(label_names={"0": "no", "1": "yes"}))
    rows = [np.zeros((1, 2))]
    member = SetPredictions(task.decide(rows), scores=rows)
    with pytest.raises(DataError, match=r"as many predictions each, got \[1, 2\]"):
        combine(task, [member, SetPredictions(member.predictions * 2, scores=rows * 2)], Rule.majority)
    with pytest.raises(DataError, match="one of them has stored none"):
        combine(task, [member, SetPredictions(member.predictions)], Rule.majority)
