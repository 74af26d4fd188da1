"""Tables in hand-written pages, filled in from the files they are drawn to.

python -m charbert.reporting.render.pages README.md docs/REPRODUCTION.md

A place names a Markdown file, which is shown whole, or a table's CSV file and what to show of it (`table_parts`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from charbert.errors import CharBertError, RecordError
from charbert.files import write_atomically
from charbert.reporting.render.table_parts import read_part, render_part

_END = "<!-- end -->"
_PLACE = re.compile(r"<!-- table (?P<path>\S+)(?P<part>[^>]*?)-->\n(?P<shown>.*?)" + re.escape(_END), re.DOTALL)


def filled(page: Path, root: Path) -> str:
    """Return a page's text with every place between ``<!-- table PATH -->`` and ``<!-- end -->`` filled.

    Args:
        page: a Markdown file.
        root: the folder that the paths are relative to.

    Raises:
        RecordError: if a place has no end, names a file that is not there, or asks for a part that its table lacks.
    """
    text = page.read_text(encoding="utf-8")
    if text.count("<!-- table ") != len(_PLACE.findall(text)):
        raise RecordError(f"{page}: expected {_END} after each <!-- table PATH -->, found fewer; add the missing one")

    def fill(place: re.Match[str]) -> str:
        source = root / place["path"]
        line = text.count("\n", 0, place.start()) + 1
        if not source.is_file():
            raise RecordError(f"{page}:{line}: expected the table {place['path']}, found no such file; draw it first")
        try:
            shown = (
                render_part(source, read_part(place["part"])) if place["part"].strip() else source.read_text("utf-8")
            )
        except RecordError as error:
            raise RecordError(f"{page}:{line}: {error}") from error
        return f"<!-- table {place['path']}{place['part']}-->\n{shown.strip()}\n{_END}"

    return _PLACE.sub(fill, text)


def main(pages: list[str]) -> None:
    """Fill pages below the working folder; an error ends the process with its message and status 1."""
    try:
        for page in map(Path, pages):
            write_atomically(page, filled(page, Path()))
    except CharBertError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
