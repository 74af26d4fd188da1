import csv
from pathlib import Path

import pytest

from charbert.errors import RecordError
from charbert.reporting.render.layout import Cell, Column, Row, Table, write_table
from charbert.reporting.render.table_parts import Part, read_part, render_part

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    columns = (Column("NER F1", "original", "a"), Column("NER F1", "attack", "b"), Column("QNLI acc.", "", "c"))
    rows = (
        Row("BERT", (Cell((85.0, 86.0, 87.0), 91.24), Cell((37.0,), 60.79), Cell())),
        Row("CharBERT, trunk as teacher", (Cell((88.0, 89.0)), Cell((56.0,), mark="*", is_best=True), Cell())),
        Row("PPL", (Cell(), Cell(), Cell((1234567.0,), fold_std=1.5))),
    )
    notes = ("* differs from BERT.", "† never shown.", "QNLI acc.: one part.")
    write_table(Table("Table", columns, rows, "Recipe quick.", notes), tmp_path, "table")
    return tmp_path / "table.csv"


def test_a_part_has_the_columns_and_rows_asked_for_with_one_number_a_cell(source: Path) -> None:
    part = read_part(
        "\ncolumns: NER F1 original = clean; NER F1 attack\nrows: CharBERT-T; BERT = trunk\nbeside: paper\n"
    )
    assert render_part(source, part).split("\n\n") == [
        "| Model | clean | paper | NER F1 attack | paper |\n"
        "|---|---:|---:|---:|---:|\n"
        "| CharBERT-T | 88.50 | – | **56.00**\\* | – |\n"
        "| trunk | 86.00 ± 1.00 | 91.2 | 37.00 | 60.8 |",
        "\\* differs from BERT. ±: mean and standard deviation over 3 seeds. Means of two seeds: CharBERT-T. "
        "All others: one seed. Bold: best of the column.",
    ]


def test_rows_without_a_score_are_left_out_and_long_numbers_rounded(source: Path) -> None:
    part = read_part("columns: QNLI acc. = acc.\nbeside: paper, folds\nnotes: QNLI acc.")
    assert render_part(source, part).split("\n\n") == [
        "| Model | acc. | ± folds |\n|---|---:|---:|\n| PPL | 1,234,567 | 1.50 |",
        "QNLI acc.: one part. One seed. ± folds: standard deviation over the folds of the cross-validation.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: BERT", "expected columns"),
        ("columns: NER F1 attack\nbeside: parts", "paper, folds"),
        ("column: NER F1 attack", "got 'column: NER F1 attack'"),
        ("columns: NER", r"table\.csv: column 'NER' is not in the table; it has NER F1 attack"),
        ("columns: NER F1 attack\nrows: CharBERT", r"table\.csv: row 'CharBERT' is not in the table"),
        ("columns: NER F1 attack\nnotes: MLM", r"table\.csv: expected a note of the table that begins with 'MLM'"),
    ],
)
def test_a_part_that_a_table_lacks_is_refused(source: Path, text: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        render_part(source, read_part(text))


def test_a_part_rounds_as_the_whole_table_does(tmp_path: Path) -> None:
    cells = (Cell((58.95502,)), Cell((58.95498,)))
    write_table(Table("", (Column("A", "", "a"), Column("B", "", "b")), (Row("BERT", cells),), ""), tmp_path, "table")
    assert "| BERT | 58.96 | 58.95 |" in render_part(tmp_path / "table.csv", read_part("columns: A;\n  B"))


def test_every_table_of_the_records_can_be_shown_in_parts() -> None:
    for source in ROOT.glob("results/*/tables/*.csv"):
        columns = dict.fromkeys(row["column"] for row in csv.DictReader(source.open(encoding="utf-8")))
        assert len(render_part(source, Part(tuple((name, name) for name in columns))).splitlines()) > 3
