import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from charbert.errors import DataError
from charbert.metrics.significance import f1_of_counts
from charbert.metrics.tagging import entity_counts, entity_scores, label_scores, token_accuracy

TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
PAIRS = st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=8), min_size=1, max_size=6)


def _sides(pairs: list[list[tuple[str, str]]]) -> tuple[list[list[str]], list[list[str]]]:
    return [[gold_tag for gold_tag, _ in row] for row in pairs], [[other for _, other in row] for row in pairs]


@pytest.mark.filterwarnings("ignore::UserWarning")  # seqeval warns of scores without entities
@given(PAIRS)
def test_scores_equal_seqeval_strict(pairs: list[list[tuple[str, str]]]) -> None:
    gold, predicted = _sides(pairs)
    scores = entity_scores(gold, predicted)
    options = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    assert scores.f1 == pytest.approx(f1_score(gold, predicted, **options))
    assert scores.precision == pytest.approx(precision_score(gold, predicted, **options))
    assert scores.recall == pytest.approx(recall_score(gold, predicted, **options))


@given(PAIRS)
def test_counts_of_sentences_sum_to_the_corpus_score(pairs: list[list[tuple[str, str]]]) -> None:
    gold, predicted = _sides(pairs)
    counts = entity_counts(gold, predicted)
    assert counts.shape == (len(pairs), 3)
    assert float(f1_of_counts(counts.sum(axis=0))) == pytest.approx(entity_scores(gold, predicted).f1)


def test_a_known_case() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-ORG"], ["B-ORG", "I-ORG"]]
    scores = entity_scores(gold, predicted)
    assert (scores.gold, scores.predicted, scores.correct) == (3, 3, 1)
    assert scores.precision == scores.recall == scores.f1 == pytest.approx(1 / 3)
    assert scores.per_type["PER"].f1 == 1.0
    assert (scores.per_type["ORG"].gold, scores.per_type["ORG"].predicted) == (1, 2)
    assert np.array_equal(entity_counts(gold, predicted), [[1, 1, 1], [0, 1, 1]])
    assert token_accuracy(gold, predicted) == pytest.approx(4 / 6)


def test_an_inside_tag_alone_is_no_entity() -> None:
    assert entity_scores([["O", "B-PER"]], [["O", "I-PER"]]).predicted == 0


def test_sides_that_do_not_line_up_are_refused() -> None:
    with pytest.raises(DataError, match="sentence 0: expected 2 tags"):
        entity_scores([["O", "O"]], [["O"]])
    with pytest.raises(DataError, match="1 sentences"):
        token_accuracy([["O"]], [])
    with pytest.raises(DataError, match="IOB2"):
        entity_scores([["S-PER"]], [["O"]])


def test_labels_are_scored_each_by_itself() -> None:
    scores = label_scores(["a", "a", "b", "c"], ["a", "b", "b", "b"])
    assert list(scores) == ["a", "b", "c"]
    assert (scores["a"].precision, scores["a"].recall) == (1.0, 0.5)
    assert (scores["b"].precision, scores["b"].recall, scores["b"].predicted) == (pytest.approx(1 / 3), 1.0, 3)
    assert (scores["c"].f1, scores["c"].gold) == (0.0, 1)
    with pytest.raises(ValueError, match="zip"):
        label_scores(["a", "b"], ["a"])
