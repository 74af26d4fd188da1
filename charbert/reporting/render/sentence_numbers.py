"""Numbers in sentences of hand-written pages, computed from the tables and records that they come from.

A comment right behind a number (or behind its ``M``, `` %`` or ``**``) says what it is: rows; columns. Of two rows or
columns, ``A - B`` is the difference and ``A / B`` the share of B in percent. A number has the decimals that it is
written with. One without a sign must not be negative, so that ``A - B`` holds a sentence to "A is above B"::

    CharBERT is 18.5<!--= CharBERT - BERT; attacked --> points above BERT, in the paper
    15.4<!--= CharBERT - BERT; attacked; paper -->, and keeps 62 %<!--= CharBERT; attacked / clean --> of its score.

Names are those of the nearest table above, as the page shows them or as its file has them. A comment without a table
gives a source a name, by which any sentence of the page can ask for it; that of a record is a row, and its columns are
paths, in percent with ``; %``::

    <!-- numbers ner results/minilm/tables/table2_robustness.csv
    columns: NER F1 original = clean; NER F1 attack = attacked
    -->
    <!-- numbers again results/rerun/minilm/records/ner-charbert-s1-09d650dbc6f8/record.json -->
    56.6<!--= again; metrics/attack/ner/released/f1; % --> and 76.1<!--= ner: CharBERT; attacked; paper -->
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from charbert.errors import RecordError
from charbert.reporting.render.row_names import short_label
from charbert.reporting.render.table_parts import BESIDE, Part, Score, read_scores

FIELDS = {"": "mean", "±": "std", **BESIDE}
"""What the third part of a comment may ask of a table's cell, and its field."""
LOST_DECIMALS = 0.00015
"""Files of tables hold four decimals, so a difference of two of their numbers may be off by this."""
_NUMBER = r"(?<!\w)[+−-]\d[\d,]*(?:\.\d+)?|\d[\d,]*(?:\.\d+)?"
MARK = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>M?(?: %)?(?:\*\*)?)<!--= (?P<what>[^>\n]+?) -->")


@dataclass(frozen=True)
class Source:
    """A table's CSV file or a record, and the names that a page gives to its columns and rows."""

    path: Path
    part: Part

    def number(self, row: str, column: str, field: str) -> float:
        """Return a number of the table, or of the record where no row is named.

        Raises:
            RecordError: if there is no such number.
        """
        if self.path.suffix == ".json":
            return self._of_record(row, column, field)
        if field not in FIELDS:
            raise RecordError(f"expected {', '.join(FIELDS)[2:]} or nothing behind the column, got {field!r}")
        score = self._scores.get(
            (short_label(self._named(row, self.part.rows)), self._named(column, self.part.columns))
        )
        text = score[FIELDS[field]] if score else ""
        if not text:
            raise RecordError(f"{self.path} has no number for {'; '.join(filter(None, (row, column, field)))}")
        return float(text)

    def _of_record(self, row: str, path: str, field: str) -> float:
        if row or field not in ("", "%"):
            raise RecordError(f"expected 'NAME; path' or 'NAME; path; %' of a record, got {row!r} and {field!r}")
        value: Any = json.loads(self.path.read_text(encoding="utf-8"))
        rest = self._named(path, self.part.columns)
        while rest and isinstance(value, dict | list):
            entries = value if isinstance(value, dict) else {str(index): entry for index, entry in enumerate(value)}
            key = max((key for key in entries if f"{rest}/".startswith(f"{key}/")), key=len, default=None)
            value, rest = (None, "") if key is None else (entries[key], rest[len(key) + 1 :])
        if rest or isinstance(value, bool) or not isinstance(value, int | float):
            raise RecordError(f"{self.path} has no number at {path!r}")
        return 100 * value if field == "%" else value

    @cached_property
    def _scores(self) -> dict[tuple[str, str], Score]:
        return {(short_label(row), column): score for (row, column), score in read_scores(self.path).items()}

    @staticmethod
    def _named(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
        return next((own for own, shown in pairs if shown == name), name)


def number_of(what: str, named: Mapping[str, Source], nearest: Source | None) -> float:
    """Return the number that a comment asks for: ``rows; columns`` or ``rows; columns; field``.

    Args:
        named: sources by their names on the page.
        nearest: the source of rows that name none.

    Raises:
        RecordError: if the comment cannot be read, or its source lacks the number.
    """
    rows, *rest = (part.strip() for part in what.split(";"))
    if not 1 <= len(rest) <= 2:
        raise RecordError(f"expected 'rows; columns' behind a number, got {what!r}")
    field = rest[1] if len(rest) == 2 else ""

    def in_column(column: str) -> float:
        chosen = nearest

        def cell(row: str) -> float:
            nonlocal chosen
            name, _, rest_of_row = row.partition(": ")
            if name in named:
                chosen, row = named[name], rest_of_row
            if chosen is None:
                raise RecordError(f"expected a table above, or 'NAME: ' of a source before {row!r}")
            return chosen.number(row, column, field)

        return _combined(rows, cell)

    return _combined(rest[0], in_column)


def rewritten(number: str, value: float) -> str:
    """Return a number of a page as the value is written in its place; the number itself if it is the value rounded."""
    decimals = len(number.partition(".")[2])
    unsigned = number.lstrip("+−-")
    shown = float(unsigned.replace(",", "")) * (-1 if number[0] in "−-" else 1)
    if abs(shown - value) <= 0.5 * 10**-decimals + LOST_DECIMALS:
        return number
    text = f"{abs(value):,.{decimals}f}" if "," in number else f"{abs(value):.{decimals}f}"
    if value < 0 and float(text.replace(",", "")):
        return f"−{text}"
    return f"+{text}" if number[0] in "+−-" else text


def _combined(names: str, value: Callable[[str], float]) -> float:
    first, *rest = re.split(r" ([-/]) ", names, maxsplit=1)
    if not rest:
        return value(first)
    left, right = value(first), value(rest[1])
    if rest[0] == "-":
        return left - right
    if not right:
        raise RecordError(f"expected a number other than 0 below the line of {names!r}")
    return 100 * left / right
