"""Rows of a table as cells: with tabs between them, CSV, JSON lines or Parquet, by the suffix of the file."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from charbert.config.data.sets import written_label
from charbert.data.readers.lines import read_lines, suffix_of
from charbert.errors import DataError, first_line
from charbert.files import read_text
from charbert.serialization import parse_strictly

csv.field_size_limit(2**31 - 1)  # of a cell, in characters; the default, 131,072, is less than a book

JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
RECORD_SUFFIXES = (*JSON_SUFFIXES, ".parquet")
"""Of files with named fields in each row."""
TABLE_SUFFIXES = (".csv", ".tsv", *RECORD_SUFFIXES)

JSON_LINE = re.compile(r'\s*\[?\s*\{\s*"')
JSON_HINT = "the file looks like JSON; one object a line is read from a file named .jsonl"

_LIST_HINT = "write each object of the list in a line of its own, as with: jq -c '.[]' FILE > NEW"
_SEPARATORS = (",", ";", "\t")
"""Of CSV files, the first that gives the wanted columns; where none does, the most frequent in the first line."""
_EXAMINED = 20
"""Rows of a CSV file without a header from which its separator is found."""
_HINT = "name yours with task.columns.first and task.columns.label, or task.columns.names if there is no header"
_BREAKS = re.compile(r"[\t\r\n]+")


class TableRow(NamedTuple):
    """One row: the line that it begins in, or its number in Parquet, from 1; its cells; its text in the file."""

    number: int
    cells: list[str]
    content: str


def read_table(
    path: Path, wanted: Sequence[str], names: Sequence[str] = (), *, hint: str = _HINT
) -> tuple[list[str], list[TableRow]]:
    """Return the names of a table's columns, and its rows.

    Empty lines are skipped. In CSV, JSON lines and Parquet tabs and line breaks inside a cell become spaces. In a table
    with tabs quotation marks are ordinary characters, because GLUE's files contain unpaired ones. A row may have
    another number of cells than there are columns.

    Args:
        path: the file, in UTF-8; ``.csv``, ``.jsonl``, ``.ndjson``, ``.json``, ``.parquet``, else with tabs.
        wanted: names of the columns that must be there.
        names: of all columns, for a file without a header; not for JSON lines and Parquet.

    Raises:
        DataError: if the file is missing, not UTF-8, not of its form, or lacks a column.
    """
    form = suffix_of(path)
    if form in RECORD_SUFFIXES:
        return list(wanted), [
            TableRow(number, [_cell(path, number, name, row.get(name)) for name in wanted], str(row))
            for number, row in read_records(path, wanted, hint=hint)
        ]
    rows = _csv_rows(path, wanted, names) if form == ".csv" else _tab_rows(path)
    if names:
        return list(names), rows
    return _header(path, rows, wanted, hint), rows[1:]


def read_records(path: Path, wanted: Sequence[str] = (), *, hint: str = _HINT) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of JSON lines or Parquet, each with its line or number, from 1.

    Numbers that Parquet stores as labels with names (``datasets.ClassLabel``) become their names.

    Raises:
        DataError: if the file is missing or not of its form, or its first row lacks a wanted field.
    """
    rows = _parquet_rows(path) if suffix_of(path) == ".parquet" else _json_rows(path)
    for position, (number, row) in enumerate(rows):
        missing = [name for name in wanted if name not in row]
        if missing and not position:
            raise DataError.at(
                path,
                number,
                expected=f"the fields {', '.join(wanted)}",
                found=f"{', '.join(row) or 'nothing'} without {', '.join(missing)}",
                hint=hint,
            )
        yield number, row


def parse_object(source: Path | str, number: int, line: str) -> dict[str, Any]:
    """Return the JSON object in a line.

    Raises:
        DataError: if there is none.
    """
    try:
        value = parse_strictly(line)
    except ValueError as error:
        hints = {"[": _LIST_HINT, "{": "write each object in one line"}
        hint = hints.get(line.lstrip()[:1], "") if isinstance(error, json.JSONDecodeError) else ""
        raise DataError.at(source, number, expected="a JSON object", found=str(error), hint=hint) from None
    if not isinstance(value, dict):
        hint = _LIST_HINT if isinstance(value, list) else ""
        raise DataError.at(source, number, expected="a JSON object", found=type(value).__name__, hint=hint)
    return value


def other_form(line: str) -> str:
    """Return what to do with a file that seems to have another form than a table with tabs; empty if it does not."""
    if JSON_LINE.match(line):
        return JSON_HINT
    if "\t" not in line and ("," in line or ";" in line):
        return "the columns look separated by commas or semicolons; name the file .csv"
    return ""


def _tab_rows(path: Path) -> list[TableRow]:
    lines = read_lines(path, "a table with tabs between its columns")
    return [TableRow(number, line.split("\t"), line) for number, line in enumerate(lines, start=1) if line]


def _csv_rows(path: Path, wanted: Sequence[str], names: Sequence[str]) -> list[TableRow]:
    text = read_text(path, "a CSV file")
    frequent = max(_SEPARATORS, key=text.partition("\n")[0].count)
    separator = next((mark for mark in _SEPARATORS if _separates(text, mark, wanted, names)), frequent)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, start = [], 1
    try:
        for cells in reader:
            if cells:
                plain = [_BREAKS.sub(" ", cell) for cell in cells]
                rows.append(TableRow(start, plain, separator.join(plain)))
            start = reader.line_num + 1
    except csv.Error as error:
        hint = "is a quotation mark inside a cell doubled, and is each opened one closed?"
        raise DataError.at(path, start, expected="a row of a CSV file", found=str(error), hint=hint) from None
    if rows and not names:
        rows[0] = rows[0]._replace(cells=[cell.strip() for cell in rows[0].cells])
    return rows


def _separates(text: str, mark: str, wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a mark separates the columns of the first rows."""
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=mark), _EXAMINED) if row]
    except csv.Error:
        return False
    if names:
        return all(len(row) == len(names) for row in rows)
    return bool(rows) and set(wanted) <= set(map(str.strip, rows[0]))


def _header(path: Path, rows: Sequence[TableRow], wanted: Sequence[str], hint: str) -> list[str]:
    """Return the names of the columns after checking that the needed ones are present."""
    names = rows[0].cells if rows else []
    missing = [name for name in wanted if name not in names]
    if not missing:
        repeated = [name for name, count in Counter(names).items() if count > 1 and name in wanted]
        if repeated:
            raise DataError.at(path, 1, expected=f"one column {repeated[0]}", found="several")
        return names
    elsewhere = [row.number for row in rows if set(wanted) <= set(row.cells)]
    if elsewhere:
        hint = f"the header is in line {elsewhere[0]}, move it to the top"
    elif not rows:
        hint = "is the file empty?"
    elif suffix_of(path) != ".csv":
        hint = other_form(rows[0].content) or hint
    raise DataError.at(
        path,
        1,
        expected=f"a header with the columns {', '.join(wanted)}",
        found=f"{', '.join(names)[:80] or 'nothing'} without {', '.join(missing)}",
        hint=hint,
    )


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(read_lines(path, "JSON lines"), start=1):
        if line.strip():
            yield number, parse_object(path, number, line)


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import datasets  # a second to import, for this form alone
    import pyarrow
    import pyarrow.parquet

    from charbert.data.readers.hub import HubRows

    try:
        rows = datasets.Dataset(datasets.table.InMemoryTable(pyarrow.parquet.read_table(path)))
    except (OSError, ValueError, pyarrow.ArrowException) as error:  # missing, damaged, of a type that is not known
        raise DataError.at(path, None, expected="a Parquet file", found=first_line(error)) from None
    names = list(rows.features)
    for number, values in enumerate(HubRows(str(path), rows, {}).read(*names), start=1):
        yield number, dict(zip(names, values, strict=True))


def _cell(path: Path, number: int, name: str, value: Any) -> str:
    """Return a value as the text of a cell; nothing for null."""
    if isinstance(value, list | dict):
        raise DataError.at(path, number, expected=f"a text in {name}", found=type(value).__name__)
    return "" if value is None else _BREAKS.sub(" ", written_label(value))
