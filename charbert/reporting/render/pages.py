"""Tables and numbers in hand-written pages, filled in from the files they come from.

python -m charbert.reporting.render.pages README.md docs/REPRODUCTION.md
python -m charbert.reporting.render.pages --check README.md docs/REPRODUCTION.md

A place names a Markdown file, which is shown whole, or a table's CSV file and what to show of it (`table_parts`). A
comment behind a number in a sentence says what the number is (`sentence_numbers`).
"""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from charbert.errors import CharBertError, RecordError
from charbert.files import write_atomically
from charbert.reporting.render.sentence_numbers import MARK, Source, number_of, rewritten
from charbert.reporting.render.table_parts import Part, read_part, render_part

_END = "<!-- end -->"
_PLACE = re.compile(r"<!-- table (?P<path>\S+)(?P<part>[^>]*?)-->\n(?P<shown>.*?)" + re.escape(_END), re.DOTALL)
_SOURCE = re.compile(r"<!-- (?:table|numbers (?P<name>\S+)) (?P<path>\S+)(?P<part>[^>]*?)-->")


class Filled(NamedTuple):
    """A page with its tables and numbers as the records have them."""

    text: str
    changes: list[str]
    """What the page had otherwise, each with its line."""
    tables: int
    numbers: int


def filled(page: Path, root: Path) -> Filled:
    """Return a page with each place from ``<!-- table PATH -->`` to ``<!-- end -->`` and each marked number filled.

    Args:
        root: the folder that the paths are relative to.

    Raises:
        RecordError: if the page is not there; if a place has no end, names a file that is not there, or asks for a part
            that its table lacks; if a mark follows no number or its source lacks the number.
    """
    if not page.is_file():
        raise RecordError(f"expected the page {page}, found no such file")
    text = page.read_text(encoding="utf-8")
    if text.count("<!-- table ") != len(_PLACE.findall(text)):
        raise RecordError(f"{page}: expected {_END} after each <!-- table PATH -->, found fewer; add the missing one")
    changes: list[str] = []
    text, numbers = _with_numbers(text, page, root, changes)

    def fill(place: re.Match[str]) -> str:
        source = root / place["path"]
        with _at(page, text, place.start()) as line:
            _require(source, place["path"])
            if place["part"].strip():
                shown = render_part(source, read_part(place["part"])).strip()
            else:
                shown = source.read_text("utf-8").strip()
        if shown != place["shown"].strip():
            changes.append(f"{page}:{line}: the table shows something else than {place['path']}")
        return f"<!-- table {place['path']}{place['part']}-->\n{shown}\n{_END}"

    text, tables = _PLACE.subn(fill, text)
    return Filled(text, changes, tables, numbers)


def _with_numbers(text: str, page: Path, root: Path, changes: list[str]) -> tuple[str, int]:
    """Return the text with its marked numbers filled, and how many they are."""
    sources: list[tuple[int, Source]] = []
    named: dict[str, Source] = {}
    for comment in _SOURCE.finditer(text):
        with _at(page, text, comment.start()):
            if comment["name"]:
                _require(root / comment["path"], comment["path"])
            part = read_part(comment["part"], shown=False) if comment["part"].strip() else Part(())
        sources.append((comment.start(), Source(root / comment["path"], part)))
        if comment["name"]:
            named[comment["name"]] = sources[-1][1]

    def fill(mark: re.Match[str]) -> str:
        nearest = next((source for start, source in reversed(sources) if start < mark.start()), None)
        with _at(page, text, mark.start()) as line:
            number = rewritten(mark["number"], number_of(mark["what"], named, nearest))
        if number != mark["number"]:
            changes.append(f"{page}:{line}: the text says {mark['number']}, the records give {number} ({mark['what']})")
        return f"{number}{mark['unit']}<!--= {mark['what']} -->"

    found = {mark.end() for mark in MARK.finditer(text)}
    for mark in re.finditer(r"<!--=.*?-->", text, re.DOTALL):
        with _at(page, text, mark.start()):
            if mark.end() not in found:
                raise RecordError(f"expected a number right before {mark[0]}, in one line and without '>'")
    return MARK.subn(fill, text)


@contextmanager
def _at(page: Path, text: str, start: int) -> Iterator[int]:
    """Give the line of a place in a page, and begin errors with it."""
    line = text.count("\n", 0, start) + 1
    try:
        yield line
    except RecordError as error:
        raise RecordError(f"{page}:{line}: {error}") from error


def _require(source: Path, shown: str) -> None:
    if not source.is_file():
        raise RecordError(f"expected the table or record {shown}, found no such file; draw it first")


def main(arguments: list[str]) -> None:
    """Fill pages below the working folder, or check them; an error ends the process with its message and status 1."""
    parser = argparse.ArgumentParser(description="Fill the tables and marked numbers of pages from their files.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page differs from its files")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    changes: list[str] = []
    try:
        for page in options.pages:
            done = filled(page, Path())
            changes += done.changes
            if not options.check:
                write_atomically(page, done.text)
            sys.stdout.write(f"{page}: {done.tables} tables, {done.numbers} numbers in sentences\n")
    except CharBertError as error:
        sys.exit(str(error))
    if options.check and changes:
        sys.exit("\n".join([*changes, "Run `make tables`, then read the sentences again"]))
    for change in changes:
        sys.stdout.write(f"{change}; changed, read it again\n")


if __name__ == "__main__":
    main(sys.argv[1:])
