"""Files and standard input to inputs: a text a line, a text a file, or an object a line (JSON lines)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from charbert.data.readers.lines import read_text, suffix_of
from charbert.data.readers.tables import (
    JSON_SUFFIXES,
    RECORD_SUFFIXES,
    TABLE_SUFFIXES,
    parse_object,
    read_records,
    read_table,
)
from charbert.errors import DataError
from charbert.files import check_writable

STANDARD_INPUT = "-"
FORMATS = ("auto", "lines", "document", "jsonl")
_FIELDS = ("text", "text_pair")
"""Of an input, in the order in which columns of a table are named."""


@dataclass
class Inputs:
    """What was read: inputs as a predictor takes them, and where each stood."""

    rows: list[Any] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """On files that may have been meant otherwise."""


def read_inputs(names: Sequence[str], form: str, standard_input: BinaryIO, columns: Sequence[str] = ()) -> Inputs:
    """Return the inputs of all files, in order.

    Args:
        names: of files; ``-`` or none at all is standard input.
        form: lines (a text a line), document (a text a file), jsonl (an object a line), or auto: by the file's
            suffix, and lines for standard input. Empty lines are left out.
        columns: read the files as tables, see `charbert.data.readers.tables.read_table`; one column of texts, or two of
            pairs of texts.

    Raises:
        DataError: if a file is missing, not UTF-8, or lacks a column, or a line is no JSON object.
    """
    inputs = Inputs()
    if columns:
        for name in names or [STANDARD_INPUT]:
            _read_columns(inputs, name, columns)
        return inputs
    for name in names or [STANDARD_INPUT]:
        path = Path(name)
        if suffix_of(path) == ".parquet":
            raise DataError(f"{name}: expected the column of the texts of a table; give --column NAME")
        source, text = read_source(name, standard_input)
        chosen = form
        if form == "auto":
            chosen = "jsonl" if suffix_of(path) in JSON_SUFFIXES else "lines"
            if chosen == "lines" and suffix_of(path) in TABLE_SUFFIXES:
                warning = f"{name}: each line of the table is read as a text; --column NAME reads one column"
                inputs.warnings.append(warning)
        for place, row in _rows(source, text, chosen):
            inputs.places.append(place)
            inputs.rows.append(row)
    return inputs


def read_source(name: str, standard_input: BinaryIO) -> tuple[str, str]:
    """Return what a file, or standard input (``-``), is called in errors, and its text.

    Raises:
        DataError: if it is missing or not UTF-8.
    """
    if name == STANDARD_INPUT:
        return "standard input", _read_standard(standard_input)
    return name, read_text(Path(name), "a file of texts")


def check_output(output: Path | None, files: Sequence[str | Path]) -> None:
    """Check before any work that an output can be written, and is a file or new and none of the input files.

    Raises:
        DataError: if it is an input, a folder or a device.
        RecordError: if its folder cannot be written to.
    """
    if output is None:
        return
    if output.exists():
        kind = "" if output.is_file() else "a folder" if output.is_dir() else "a device or pipe"
        if any(Path(name).exists() and output.samefile(name) for name in files):
            kind = "one of the inputs"
        if kind:
            raise DataError(f"{output}: expected a file to write, got {kind}; choose another")
    check_writable(output.parent)


def _read_columns(inputs: Inputs, name: str, columns: Sequence[str]) -> None:
    if name == STANDARD_INPUT:
        raise DataError("--column reads tables from files, got standard input; name a file")
    hint = "name one with --column"
    for number, row in read_records(Path(name), columns, hint=hint) if suffix_of(name) in RECORD_SUFFIXES else ():
        if empty := [column for column in columns if row.get(column) is None]:  # which a table has as an empty text
            raise DataError.at(name, number, expected=f"a text in the column {empty[0]}", found="none")
    names, rows = read_table(Path(name), columns, hint=hint)
    at = [names.index(column) for column in columns]
    for number, cells, _ in rows:
        if len(cells) != len(names):
            raise DataError.at(name, number, expected=f"{len(names)} columns", found=str(len(cells)))
        inputs.places.append(f"{name}:{number}")
        inputs.rows.append(dict(zip(_FIELDS, (cells[position] for position in at), strict=False)))


def _rows(source: str, text: str, form: str) -> Iterator[tuple[str, Any]]:
    if form == "document":
        if text.strip():
            yield source, text
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines(): a text may hold U+0085 or U+2028
        line = line.removesuffix("\r")
        if line.strip():
            yield f"{source}:{number}", parse_object(source, number, line) if form == "jsonl" else line


def _read_standard(stream: BinaryIO) -> str:
    data = stream.read()
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line, bad_byte = data.count(b"\n", 0, error.start) + 1, f"byte 0x{data[error.start]:02x}"
        raise DataError.at("standard input", line, expected="UTF-8 text", found=bad_byte) from None
