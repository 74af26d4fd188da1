import pytest

from charbert.reporting.tables.published import (
    ATTACK,
    FIGURE_4,
    FIGURE_5,
    FIGURE_6,
    TABLE_2,
    TABLE_4,
    TABLES,
    Measure,
    PublishedTable,
)


def test_every_table_names_its_source_and_has_scores_in_percent() -> None:
    assert [table.source for table in TABLES] == [f"Table {number}" for number in range(1, 5)]
    scores = [score for table in TABLES for row in table.rows.values() for score in row if score is not None]
    assert all(50 <= score <= 100 for score in scores)


def test_no_score_has_more_decimals_than_its_column_prints() -> None:
    for table in TABLES:
        for row in table.rows.values():
            for score, measure in zip(row, table.measures, strict=True):
                assert score is None or round(score, measure.digits) == score


def test_a_score_is_found_by_row_and_measure() -> None:
    attacked = Measure("ner", "f1", ATTACK, digits=2)
    assert TABLE_2.score("CharBERT", attacked) == 76.14
    assert TABLE_2.score("Flair", attacked) is None
    assert TABLE_2.score("BERT", Measure("pos", "accuracy")) is None


def test_the_paper_disagrees_with_itself_where_it_does() -> None:
    measure = Measure("ner", "f1", digits=2)
    assert (TABLE_2.score("AdvBERT", measure), TABLE_4.score("AdvBERT", measure)) == (90.68, 91.03)
    assert (TABLE_2.score("BERT", measure), FIGURE_4["BERT"]["all_words"]) == (91.24, 91.23)


def test_attacks_only_ever_lower_a_published_score() -> None:
    for original, attacked in zip(TABLE_2.measures[::2], TABLE_2.measures[1::2], strict=True):
        assert (original.task, attacked.condition) == (attacked.task, ATTACK)
        for row in TABLE_2.rows:
            assert TABLE_2.score(row, original) > TABLE_2.score(row, attacked)


def test_figures_order_the_models_as_the_text_does() -> None:
    assert FIGURE_5["AdvBERT"] < FIGURE_5["BERT"] < FIGURE_5["CharBERT"]
    assert max(FIGURE_6, key=FIGURE_6.get) == "concat"


def test_a_row_of_the_wrong_length_is_noticed() -> None:
    with pytest.raises(AssertionError, match="BERT has 2 scores"):
        PublishedTable("Table 9", (Measure("ner", "f1"),), {"BERT": (1.0, 2.0)})
