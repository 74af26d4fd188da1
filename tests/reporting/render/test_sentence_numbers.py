import json
from pathlib import Path

import pytest

from charbert.errors import RecordError
from charbert.reporting.render.layout import Cell, Column, Row, Table, write_table
from charbert.reporting.render.sentence_numbers import MARK, Source, number_of, rewritten
from charbert.reporting.render.table_parts import Part


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Source]:
    columns = (Column("NER F1", "original", "a"), Column("NER F1", "attack", "b"))
    rows = (
        Row("BERT", (Cell((84.0, 85.0, 86.0), 91.24), Cell((34.0,), 60.79))),
        Row("CharBERT, trunk as teacher", (Cell((88.0,), 91.81), Cell((55.0,)))),
    )
    write_table(Table("Table", columns, rows, ""), tmp_path, "table")
    metrics = {"eval/ner/f1": 0.875, "eval/ner/f1/weighted": 0.5}
    (tmp_path / "record.json").write_text(
        json.dumps({"metrics": metrics, "name": "ner", "values": [1, 2]}), encoding="utf-8"
    )
    part = Part((("NER F1 original", "clean"), ("NER F1 attack", "attacked")), (("BERT", "trunk"),))
    return {
        "ner": Source(tmp_path / "table.csv", part),
        "again": Source(tmp_path / "record.json", Part((("metrics/eval/ner/f1", "F1"),))),
    }


@pytest.mark.parametrize(
    ("what", "number"),
    [
        ("BERT; attacked", 34),
        ("trunk; NER F1 attack", 34),
        ("CharBERT-T - BERT; attacked", 21),
        ("BERT - CharBERT-T; attacked", -21),
        ("BERT; attacked / clean", 40),
        ("CharBERT-T - BERT; clean - attacked", -18),
        ("CharBERT-T - BERT; clean; paper", 0.6),
        ("BERT; clean; ±", 1),
        ("again; F1; %", 87.5),
        ("again; metrics/eval/ner/f1/weighted", 0.5),
        ("again; values/1", 2),
        ("BERT / ner: CharBERT-T; attacked", 100 * 34 / 55),
    ],
)
def test_a_comment_asks_for_a_cell_a_difference_or_a_share(
    sources: dict[str, Source], what: str, number: float
) -> None:
    assert number_of(what, sources, sources["ner"]) == pytest.approx(number)


def test_rows_without_a_name_are_of_the_same_source_as_the_row_before(sources: dict[str, Source]) -> None:
    assert number_of("ner: CharBERT-T - BERT; clean - attacked", sources, sources["again"]) == pytest.approx(-18)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("again; metrics/eval", "record.json has no number at 'metrics/eval'"),
        ("again; name", "record.json has no number at 'name'"),
        ("again; F1; paper", "expected 'NAME; path' or 'NAME; path; %' of a record"),
        ("CharBERT; clean", "table.csv has no number for CharBERT; clean"),
    ],
)
def test_a_number_that_a_source_lacks_is_refused(sources: dict[str, Source], what: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        number_of(what, sources, sources["ner"])


@pytest.mark.parametrize(
    ("number", "value", "text"),
    [
        ("36.5", 36.549, "36.5"),
        ("36.5", 36.56, "36.6"),
        ("36.55", 36.5549, "36.55"),
        ("58.96", 58.9550, "58.96"),  # 58.95502 in the record: its file has lost the decimals to round by
        ("58.95", 58.9550, "58.95"),
        ("62", 62.4, "62"),
        ("17,254", 17255, "17,255"),
        ("−18.8", -18.81, "−18.8"),
        ("-18.8", -18.81, "-18.8"),
        ("+2.4", 2.1, "+2.1"),
        ("+2.4", -2.4, "−2.4"),
        ("2.4", -2.4, "−2.4"),
        ("0.3", -0.01, "0.0"),
    ],
)
def test_a_number_is_left_if_it_is_the_value_rounded(number: str, value: float, text: str) -> None:
    assert rewritten(number, value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("is 36.5<!--= a; b -->", "36.5"),
        ("keeps 62 %<!--= a; b -->", "62"),
        ("reads 5.2M<!--= a; b -->", "5.2"),
        ("**7.2**<!--= a; b -->", "7.2"),
        ("|−18.8<!--= a; b -->|", "−18.8"),
        ("pages 12-13<!--= a; b -->", "13"),
        ("has 17,254<!--= a; b -->", "17,254"),
    ],
)
def test_a_comment_belongs_to_the_number_before_it(text: str, number: str) -> None:
    assert [mark["number"] for mark in MARK.finditer(text)] == [number]
