"""Reads tables of labeled texts and text pairs, and writes them in the format of GLUE, with tabs."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.lines import suffix_of, with_mark
from charbert.data.readers.tables import RECORD_SUFFIXES, TableRow, other_form, read_table
from charbert.errors import DataError
from charbert.files import write_atomically

log = logging.getLogger(__name__)

_QUOTE = '"'
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class LabeledText:
    """One text or a pair of texts with a label and its place (file:line)."""

    first: str
    second: str | None
    label: str
    row_id: str | None = None
    place: str = field(default="", compare=False)


def read_glue(
    path: Path | str, columns: ColumnSettings, *, unquote_fields: bool = False, errors: list[ExampleError] | None = None
) -> list[LabeledText]:
    """Return the rows of a table, with labels by name.

    Args:
        path: the file, as of `read_table`; in a table with tabs one row per line.
        columns: the roles of the columns; without ``columns.names`` the first line has the names.
        unquote_fields: remove CSV quotation marks around fields and halve those inside, if every field with a
            quotation mark is quoted.
            Released code: fields of the attacked QNLI set are quoted by a CSV writer, which is not part of the attack.
        errors: None: a malformed row is an error, unless ``columns.broken_rows`` allows it. A list: malformed rows
            and repeated ids are left out and added to it, and unknown labels are read unchanged.

    Raises:
        DataError: with the line, if the file is missing or empty, lacks a column, or has a row with a wrong number of
            columns, an empty text or label, an unknown label or a repeated id.
    """
    path = Path(path)
    wanted = [name for name in (columns.row_id, columns.first, columns.second, columns.label) if name]
    names, table = read_table(path, wanted, columns.names)
    if suffix_of(path) not in (*RECORD_SUFFIXES, ".csv") and all(map(_is_quoted_throughout, table)):
        if unquote_fields:
            table = [row._replace(cells=[_unquote(cell) for cell in row.cells]) for row in table]
        elif any(_QUOTE * 2 in cell for row in table for cell in row.cells):
            log.warning(
                "%s: texts are read with their quotation marks, which look like those of a CSV file; name it .csv to "
                "have them taken out",
                path,
            )
    rows: list[tuple[int, LabeledText]] = []
    broken: list[DataError] = []
    for index, (number, cells, content) in enumerate(table):
        error = _row_error(path, number, cells, names, columns, content)
        if error is not None and errors is not None:
            errors.append(ExampleError(index, f"{path}:{number}", str(error), content))
            continue
        if error is not None:
            broken.append(error)
            if len(broken) > columns.broken_rows:
                raise error
            continue
        row = dict(zip(names, cells, strict=True))
        rows.append((index, _labeled(path, number, row, columns, any_label=errors is not None)))
    if not rows:
        raise DataError.at(path, None, expected="at least one row", found="none", hint="is the file empty?")
    if broken:
        log.warning("%d of %d rows left out, the first: %s", len(broken), len(rows) + len(broken), broken[0])
    return _unique_rows(rows, errors)


def write_glue(path: Path | str, rows: Sequence[LabeledText], columns: ColumnSettings) -> None:
    """Write rows as a table that `read_glue` reads back with the same ``columns``.

    Labels are written as in the files of the data set; columns without a role are left empty.

    Raises:
        DataError: if a text contains a tab or a line break, or is empty; nothing is written then.
    """
    written = {name: label for label, name in columns.label_names.items()}
    wanted = [columns.row_id, columns.first, columns.second, columns.label]
    names = list(columns.names) or [name for name in wanted if name is not None]
    lines = [] if columns.names else ["\t".join(names)]
    for number, row in enumerate(rows):
        cells: Mapping[str | None, str | None] = {
            columns.row_id: row.row_id,
            columns.first: row.first,
            columns.second: row.second,
            columns.label: written.get(row.label, row.label),
        }
        line = "\t".join(cells.get(name) or "" for name in names)
        filled = (row.first, row.second or "") if columns.second is not None else (row.first,)
        if line.count("\t") != len(names) - 1 or "\n" in line or "\r" in line or not all(map(str.strip, filled)):
            raise DataError.at(
                path,
                None,
                expected="texts that are not empty and contain neither tabs nor line breaks",
                found=f"{row.first!r}, {row.second!r} in row {number}",
                hint="clean the texts before they are written",
            )
        lines.append(line)
    write_atomically(path, with_mark("\n".join(lines) + "\n"))


def _row_error(
    path: Path, number: int, fields: Sequence[str], names: Sequence[str], columns: ColumnSettings, content: str
) -> DataError | None:
    if len(fields) != len(names):
        hint = "does a text contain a tab or a line break? task.columns.broken_rows leaves such rows out"
        if suffix_of(path) == ".csv":
            hint = "is a text with a comma inside quotation marks? task.columns.broken_rows leaves such rows out"
        elif len(fields) == 1:
            hint = other_form(content) or hint
        expected = f"{len(names)} columns ({', '.join(names)})"
        return DataError.at(path, number, expected=expected, found=str(len(fields)), hint=hint)
    texts = [name for name in (columns.first, columns.second) if name is not None]
    absent = [name for name in (*texts, columns.label) if name not in names]
    if absent:
        return DataError.at(
            path, number, expected=f"a column {absent[0]}", found=", ".join(names), hint="set task.columns"
        )
    empty = [name for name in texts if not fields[names.index(name)].strip()]
    if empty:
        hint = "task.columns.broken_rows leaves such rows out"
        return DataError.at(path, number, expected=f"a text in {empty[0]}", found="none", hint=hint)
    if not fields[names.index(columns.label)].strip():
        hint = "task.columns.broken_rows leaves such rows out"
        return DataError.at(path, number, expected=f"a label in {columns.label}", found="none", hint=hint)
    return None


def _labeled(
    path: Path, number: int, row: Mapping[str, str], columns: ColumnSettings, *, any_label: bool
) -> LabeledText:
    label = row[columns.label].strip()
    names = columns.label_names
    if names and not any_label and label not in names and label not in names.values():
        known = ", ".join(f"{written} ({name})" if written != name else name for written, name in names.items())
        hint = "is this a header in the middle of the file?" if label == columns.label else "see task.columns"
        raise DataError.at(path, number, expected=f"a label of {known}", found=repr(label), hint=hint)
    return LabeledText(
        first=row[columns.first],
        second=row[columns.second] if columns.second is not None else None,
        label=names.get(label, label),
        row_id=row[columns.row_id] if columns.row_id is not None else None,
        place=f"{path}:{number}",
    )


def _unique_rows(rows: Iterable[tuple[int, LabeledText]], errors: list[ExampleError] | None) -> list[LabeledText]:
    """Return the rows with the first of each id; the others become errors."""
    seen: dict[str, str] = {}
    kept = []
    for index, row in rows:
        if row.row_id is None or seen.setdefault(row.row_id, row.place) == row.place:
            kept.append(row)
            continue
        reason = f"expected ids that occur once, got {row.row_id!r} again after {seen[row.row_id]}"
        if errors is None:
            raise DataError(f"{row.place}: {reason}; was the file joined from two?")
        content = "\t".join(filter(None, (row.row_id, row.first, row.second, row.label)))
        errors.append(ExampleError(index, row.place, reason, content))
    return kept


def _unquote(cell: str) -> str:
    """Return the field without CSV quoting."""
    return cell[1:-1].replace(_QUOTE * 2, _QUOTE) if _QUOTE in cell else cell


def _is_quoted_throughout(row: TableRow) -> bool:
    """Return whether each field with a quotation mark has CSV quoting."""
    return all(_QUOTED.fullmatch(cell) for cell in row.cells if _QUOTE in cell)
