"""Files and standard input to inputs: a text a line, a text a file, or an object a line (JSON lines)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from charbert.data.readers.lines import read_text
from charbert.errors import DataError
from charbert.serialization import parse_strictly

STANDARD_INPUT = "-"
FORMATS = ("auto", "lines", "document", "jsonl")
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


@dataclass
class Inputs:
    """What was read: inputs as a predictor takes them, and where each stood."""

    rows: list[Any] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


def read_inputs(names: Sequence[str], form: str, standard_input: BinaryIO) -> Inputs:
    """Return the inputs of all files, in order.

    Args:
        names: of files; ``-`` or none at all is standard input.
        form: lines (a text a line), document (a text a file), jsonl (an object a line), or auto: by the file's
            suffix, and lines for standard input. Empty lines are left out.
        standard_input: read where it is named.

    Raises:
        DataError: if a file is missing, not UTF-8, or a line is no JSON object.
    """
    inputs = Inputs()
    for name in names or [STANDARD_INPUT]:
        path = Path(name)
        if name == STANDARD_INPUT:
            source, text = "standard input", _read_standard(standard_input)
        else:
            source, text = name, read_text(path, "a file of texts")
        chosen = form
        if form == "auto":
            chosen = "jsonl" if path.suffix in _JSON_SUFFIXES else "lines"
        for place, row in _rows(source, text, chosen):
            inputs.places.append(place)
            inputs.rows.append(row)
    return inputs


def _rows(source: str, text: str, form: str) -> Iterator[tuple[str, Any]]:
    if form == "document":
        if text.strip():
            yield source, text
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines(): a text may hold U+0085 or U+2028
        line = line.removesuffix("\r")
        if line.strip():
            yield f"{source}:{number}", _parse_line(source, number, line) if form == "jsonl" else line


def _parse_line(source: str, number: int, line: str) -> dict[str, Any]:
    try:
        value = parse_strictly(line)
    except ValueError as error:
        raise DataError.at(source, number, expected="a JSON object", found=str(error)) from None
    if not isinstance(value, dict):
        raise DataError.at(source, number, expected="a JSON object", found=type(value).__name__)
    return value


def _read_standard(stream: BinaryIO) -> str:
    data = stream.read()
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line, bad_byte = data.count(b"\n", 0, error.start) + 1, f"byte 0x{data[error.start]:02x}"
        raise DataError.at("standard input", line, expected="UTF-8 text", found=bad_byte) from None
