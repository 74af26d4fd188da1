import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.metrics.correction import correction_scores

CLEAN = [["the", "old", "keeper", "counted", "ships"]]
NOISED = [["the", "olld", "kepeer", "conuted", "ships"]]


def test_each_score_is_what_its_definition_says() -> None:
    # olld is restored, kepeer becomes another wrong word, conuted is left, ships is changed though it was right
    scores = correction_scores(CLEAN, NOISED, [["the", "old", "keep", "conuted", "shops"]])
    assert scores == {
        "word_error_rate_before": 3 / 5,
        "word_error_rate": 3 / 5,
        "precision": 1 / 3,
        "recall": 1 / 3,
        "f0.5": pytest.approx(1 / 3),
        "false_alarms": 1000 / 2,
    }


def test_precision_weighs_more_than_recall() -> None:
    careful = correction_scores(CLEAN, NOISED, [["the", "old", "kepeer", "conuted", "ships"]])
    assert (careful["precision"], careful["recall"]) == (1, 1 / 3)
    assert careful["f0.5"] == pytest.approx(1.25 * (1 / 3) / (0.25 + 1 / 3))


def test_who_changes_nothing_makes_no_error_and_restores_nothing() -> None:
    scores = correction_scores(CLEAN, NOISED, NOISED)
    assert scores["word_error_rate"] == scores["word_error_rate_before"] == 0.6
    assert (scores["precision"], scores["recall"], scores["f0.5"], scores["false_alarms"]) == (1, 0, 0, 0)


def test_clean_text_has_every_word_restored() -> None:
    scores = correction_scores(CLEAN, CLEAN, [["the", "old", "keeper", "counted", "shops"]])
    assert scores["false_alarms"] == 200 and scores["recall"] == 1 and scores["precision"] == 0


def test_case_counts() -> None:
    assert correction_scores([["London"]], [["Lodnon"]], [["london"]])["recall"] == 0


triples = st.lists(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1), min_size=1)


@given(triples)
def test_shares_stay_in_their_range_and_the_error_rates_differ_by_what_was_changed(rows) -> None:
    clean, noised, corrected = ([[word[kind] for word in row] for row in rows] for kind in range(3))
    scores = correction_scores(clean, noised, corrected)
    assert all(0 <= scores[name] <= 1 for name in scores if name != "false_alarms")
    assert 0 <= scores["false_alarms"] <= 1000
    words = sum(map(len, rows))
    wrong = scores["word_error_rate_before"] * words
    clean_words = words - wrong
    new_errors = scores["false_alarms"] * clean_words / 1000
    expected = wrong - scores["recall"] * wrong * (wrong > 0) + new_errors
    assert scores["word_error_rate"] * words == pytest.approx(expected)


@pytest.mark.parametrize(("noised", "corrected"), [([["the"]], [["the"]]), ([*NOISED, ["x"]], NOISED)])
def test_versions_that_do_not_line_up_are_refused(noised, corrected) -> None:
    with pytest.raises(ValueError, match="zip"):
        correction_scores(CLEAN, noised, corrected)


def test_no_words_are_refused() -> None:
    with pytest.raises(DataError, match="at least one word"):
        correction_scores([[]], [[]], [[]])
