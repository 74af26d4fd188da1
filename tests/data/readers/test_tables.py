"""Labeled texts in CSV, JSON lines and Parquet, beside tables with tabs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.glue import LabeledText, read_glue
from charbert.errors import DataError

COLUMNS = ColumnSettings(first="text", label="label")
ROWS = [('She said: "no",\nand left.', "1"), ("Plain; or so.", "0")]
READ = [LabeledText('She said: "no", and left.', None, "1"), LabeledText("Plain; or so.", None, "0")]


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return path


def csv_file(folder: Path, separator: str = ",") -> Path:
    quoted = '"She said: ""no"",\nand left."'
    rows = ["id", "text", "label"], ["a", quoted, "1"], ["b", '"Plain; or so."', "0"]
    return write(folder, "some.csv", "\ufeff" + "\r\n".join(separator.join(row) for row in rows) + "\r\n\r\n")


def json_file(folder: Path) -> Path:
    lines = [json.dumps({"label": int(label), "text": text, "more": [1]}) for text, label in ROWS]
    return write(folder, "some.jsonl", "\n\n".join(lines) + "\n")


def parquet_file(folder: Path) -> Path:
    rows = {"text": [text for text, _ in ROWS], "label": [int(label) for _, label in ROWS]}
    datasets.Dataset.from_dict(rows).to_parquet(folder / "some.parquet")
    return folder / "some.parquet"


@pytest.mark.parametrize(
    "make",
    [csv_file, lambda folder: csv_file(folder, ";"), lambda folder: csv_file(folder, "\t"), json_file, parquet_file],
)
def test_every_form_gives_the_same_rows(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert read_glue(make(tmp_path), COLUMNS) == READ


def test_the_case_of_a_suffix_does_not_matter(tmp_path: Path) -> None:
    assert read_glue(csv_file(tmp_path).rename(tmp_path / "SOME.CSV"), COLUMNS) == READ
    assert read_glue(json_file(tmp_path).rename(tmp_path / "some.JSONL"), COLUMNS) == READ


@pytest.mark.parametrize("name", ["some.csv", "some.tsv"])
def test_blanks_around_a_label_are_no_part_of_it(tmp_path: Path, name: str) -> None:
    separator = "," if name.endswith(".csv") else "\t"
    path = write(tmp_path, name, f"text{separator}label\na{separator}good\nb{separator} good \n")
    assert [row.label for row in read_glue(path, COLUMNS)] == ["good", "good"]


def test_empty_lines_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "some.tsv", "text\tlabel\r\na\t1\r\n\r\nb\t0\r\n\r\n\r\n")
    assert [row.first for row in read_glue(path, COLUMNS)] == ["a", "b"]


def test_a_cell_may_be_of_any_length(tmp_path: Path) -> None:
    path = write(tmp_path, "some.csv", f"text;label\n{'long ' * 40_000};1\n")
    assert len(read_glue(path, COLUMNS)[0].first) == 200_000


def test_places_are_the_lines_on_which_rows_begin(tmp_path: Path) -> None:
    assert [row.place.rpartition(":")[2] for row in read_glue(csv_file(tmp_path), COLUMNS)] == ["2", "4"]
    assert [row.place.rpartition(":")[2] for row in read_glue(json_file(tmp_path), COLUMNS)] == ["1", "3"]


def test_a_csv_file_without_header_is_read_by_the_names_in_the_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "some.csv", "1;Cats, asleep.\n0;Cats.\n")
    rows = read_glue(path, ColumnSettings(names=["label", "text"], first="text"))
    assert [(row.first, row.label) for row in rows] == [("Cats, asleep.", "1"), ("Cats.", "0")]


@pytest.mark.parametrize("names", [{0: "bad", 1: "good"}, {"0": "bad", "1": "good"}])
def test_numbers_of_labels_get_names_in_the_order_of_the_settings(tmp_path: Path, names: dict[Any, str]) -> None:
    columns = ColumnSettings(first="text", label_names=names)
    assert columns.label_names == {"0": "bad", "1": "good"}
    assert [row.label for row in read_glue(json_file(tmp_path), columns)] == ["good", "bad"]


def test_true_and_false_are_labels_that_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "some.jsonl", '{"text": "a", "label": true}\n')
    assert read_glue(path, COLUMNS)[0].label == "true"
    assert read_glue(path, ColumnSettings(first="text", label_names={True: "yes", False: "no"}))[0].label == "yes"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", 'text,label\n"a, b",1\n', r"a\.tsv:1: .*separated by commas or semicolons; name the file \.csv"),
        ("a.tsv", '{"text": "a", "label": 1}\n', r"a\.tsv:1: .*looks like JSON; .*named \.jsonl"),
        ("a.csv", "review,label\na,1\n", r"a\.csv:1: expected a header with the columns text, label, got review"),
        ("a.csv", 'text,label\n"a\nb,1\n', r"a\.csv:2: expected a row of a CSV file, got unexpected end"),
        ("a.csv", "text,label\na, b,1\n", r"a\.csv:2: expected 2 columns .*got 3; .*comma inside quotation marks"),
        ("a.jsonl", '{"text": "a"}\n', r"a\.jsonl:1: expected the fields text, label, got text without label"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', r"a\.jsonl:2: expected a label in label"),
        ("a.jsonl", '{"text": ["a"], "label": 1}\n', r"a\.jsonl:1: expected a text in text, got list"),
        ("a.jsonl", '[{"text": "a", "label": 1}]\n', r"a\.jsonl:1: .*got list; write each object .*line of its own"),
        (
            "a.json",
            '[\n  {"text": "a", "label": 1}\n]\n',
            r"a\.json:1: .*list in a line .*jq -c '\.\[\]' FILE",
        ),
        ("a.json", '{\n  "text": "a", "label": 1\n}\n', r"a\.json:1: .*write each object in one line"),
        (
            "a.csv",
            'review;label\n"a";1\n',
            r"a\.csv:1: expected a header .* got review, label without text",
        ),
        ("a.jsonl", "text\tlabel\n", r"a\.jsonl:1: expected a JSON object"),
        ("a.parquet", "text\n", r"a\.parquet: expected a Parquet file"),
        ("a.tsv", "", r"a\.tsv:1: .*got nothing.*is the file empty"),
        ("a.tsv", "text\tlabel\na\t1\nb\t\n", r"a\.tsv:3: expected a label in label, got none"),
        ("a.csv", "text,label\na,1\nb, \n", r"a\.csv:3: expected a label in label, got none"),
    ],
)
def test_a_file_of_another_form_is_named_with_what_to_do(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_glue(write(tmp_path, name, content), COLUMNS)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", 'text,label\n"a\nb",1\n"",0\nc,1\n', 4),
        ("a.jsonl", '{"text": "a", "label": 1}\n\n{"text": null, "label": 0}\n{"text": "c", "label": 1}\n', 3),
    ],
)
def test_malformed_rows_are_listed_by_their_position_and_line(
    tmp_path: Path, name: str, content: str, line: int
) -> None:
    errors: list[ExampleError] = []
    path = write(tmp_path, name, content)
    assert [row.first for row in read_glue(path, COLUMNS, errors=errors)] == [("a b" if line == 4 else "a"), "c"]
    assert [(error.index, error.place) for error in errors] == [(1, f"{path}:{line}")]
