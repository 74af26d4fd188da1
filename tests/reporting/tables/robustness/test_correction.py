import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown
from charbert.reporting.tables.robustness.correction import correction_table

SCORES = {"word_error_rate_before": 0.5, "word_error_rate": 0.1, "precision": 0.9, "recall": 0.8, "f0.5": 0.88}


def record(corrector: str, finished: str = "", **changes: float) -> ResultRecord:
    settings = {"model": {"name": "m"}, "recipe": "quick", "trunk": {"name": "t"}, "data": {"name": "d"}}
    noisy = SCORES | {"false_alarms": 4.0} | changes
    clean = {"word_error_rate_before": 0.0, "word_error_rate": 0.002, "false_alarms": 2.0}
    metrics = {f"correction/ner/released/{name}": value for name, value in noisy.items()}
    metrics |= {f"correction/ner/clean/{name}": value for name, value in clean.items()}
    details = {"corrector": corrector, "sets": {"ner/clean": 100, "ner/released": 900}}
    return ResultRecord("analysis", "e", corrector, corrector, settings, 1, metrics, details, finished=finished)


def test_every_corrector_is_a_row_below_the_text_as_it_is() -> None:
    table = correction_table([record("repair"), record("NLM head, CharBERT", word_error_rate=0.3)])
    assert [row.label for row in table.rows] == ["no correction", "NLM head, CharBERT", "repair"]
    assert table.cell("no correction", "NER released WER").mean == 50
    assert table.cell("no correction", "NER released P").mean is None
    assert table.cell("NLM head, CharBERT", "NER released WER").mean == 30
    assert table.cell("repair", "NER released false alarms").mean == 4
    assert "1,000 words and punctuation marks in all sets" in render_markdown(table)


def test_of_a_clean_set_only_false_alarms_are_shown() -> None:
    headings = [column.heading for column in correction_table([record("repair")]).columns]
    assert [heading for heading in headings if "clean" in heading] == ["NER clean false alarms"]


def test_the_reach_of_a_dictionary_is_shown_where_a_record_has_it() -> None:
    assert "NER released reach" not in [column.heading for column in correction_table([record("repair")]).columns]
    table = correction_table([record("NLM head, CharBERT"), record("repair", reach=0.9)])
    assert table.cell("repair", "NER released reach").mean == 90
    assert table.cell("NLM head, CharBERT", "NER released reach").mean is None


def test_the_later_record_of_a_model_counts() -> None:
    early, late = (record("NLM head, CharBERT", f"2026-01-0{day}", word_error_rate=0.1 * day) for day in (1, 2))
    assert correction_table([late, early]).cell("NLM head, CharBERT", "NER released WER").mean == pytest.approx(20)
