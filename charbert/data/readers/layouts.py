"""The layout of a column file: what separates its columns, and which of them holds what."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from charbert.data.readers.tables import JSON_HINT, JSON_LINE
from charbert.data.readers.tag_schemes import is_entity_tag
from charbert.errors import DataError, SettingsError

FOUR_COLUMNS = ("word", "pos", "chunk", "tag")
"""The layout of CoNLL-2003."""

TWO_COLUMNS = ("word", "tag")
"""The layout of most other tagging files."""

DOCUMENT_MARK = "-DOCSTART-"
BLANK = " \t\r"
CONLLU_WIDTH = 10

_COMMENT = re.compile(r"#([ \t]|$)")
_SETTING = "task.columns.names"
_FEWEST = 3
"""Words of a file that is checked for a wrong layout."""
_EXAMINED = 100
"""Lines at the beginning of a file from which names of its columns are suggested."""


class Layout:
    """The columns of a file, separated by tabs if its first line has one, else by blanks.

    Without tabs a word may contain blanks: the columns before it are counted from the left, the others from the right.

    Args:
        columns: names from the left: ``word`` and ``tag``, optionally ``pos`` and ``index`` (counts the words of a
            sentence); others are ignored.
        tabs: whether tabs separate the columns.
        entities: whether the tags are those of entities.

    Raises:
        SettingsError: unless there is one word and one tag.
    """

    def __init__(self, columns: Sequence[str], *, tabs: bool, entities: bool) -> None:
        names = list(columns)
        if names.count("word") != 1 or names.count("tag") != 1:
            raise SettingsError(
                f"{_SETTING} must name one column word and one tag, got {names}; CoNLL-2003 has {list(FOUR_COLUMNS)}"
            )
        self.columns, self.tabs, self.entities = tuple(names), tabs, entities
        self.word, self.tag = names.index("word"), names.index("tag")
        self.pos = names.index("pos") if "pos" in names else None
        self._index = names.index("index") if "index" in names else None

    def split(self, path: Path, number: int, line: str) -> tuple[str, ...]:
        """Return the cells of a line.

        Raises:
            DataError: if it has another number of columns, or lacks a word or a tag.
        """
        cells = self._cells(line)
        if len(cells) != len(self.columns):
            hint = "was a column lost when the file was made?"
            if self.tabs and "\t" not in line:
                hint = "columns are separated by tabs in the first line, and here by blanks"
            raise self._error(path, number, str(len(split_cells(line, tabs=self.tabs))), hint)
        missing = [name for at, name in ((self.word, "word"), (self.tag, "tag")) if not cells[at]]
        if missing:
            raise DataError.at(path, number, expected=f"a {missing[0]}", found="an empty column")
        return cells

    def is_comment(self, line: str) -> bool:
        """Return whether a line before a sentence begins with a lone ``#`` and is no word with its tag."""
        if not _COMMENT.match(line):
            return False
        cells = split_cells(line, tabs=self.tabs, width=len(self.columns))
        if len(cells) != len(self.columns) or (self._index is not None and not cells[self._index].isdigit()):
            return True
        return self.entities and not self.tabs and not is_entity_tag(cells[self.tag])

    def check(self, path: Path, lines: Sequence[str], sentences: Sequence[Sequence[str]]) -> None:
        """Check that the words of a file are words: no numbers that count them, and not two columns each.

        Args:
            lines: of the file, for the suggestion.
            sentences: what was read as words.

        Raises:
            DataError: naming the setting that reads the file.
        """
        words = [word for sentence in sentences for word in sentence]
        counted = counts_up(words) and any(len(sentence) > 1 for sentence in sentences)
        counted = counted and all(len(set(sentence)) == len(sentence) for sentence in sentences)
        blanks = not self.tabs and all(" " in word or "\t" in word for word in words)
        if len(words) < _FEWEST or not (counted or blanks):
            return
        first, _ = _word_lines(lines)[0]
        hint = suggest(lines, tabs=self.tabs, entities=self.entities)
        if counted:
            found = f"a column that counts them ({', '.join(words[:_FEWEST])}, ...)"
            raise DataError.at(path, first, expected=f"words in column {self.word + 1}", found=found, hint=hint)
        raise self._error(path, first, "more in every line", hint)

    def _cells(self, line: str) -> tuple[str, ...]:
        if self.tabs:
            return tuple(split_cells(line, tabs=True, width=len(self.columns)))
        parts = re.split(r"([ \t]+)", line.strip(BLANK))  # every second one is a gap
        begin, end = 2 * self.word, len(parts) - 2 * (len(self.columns) - self.word - 1)
        if begin >= end:
            return ()
        return (*parts[:begin:2], "".join(parts[begin:end]), *parts[end + 1 :: 2])

    def _error(self, path: Path, number: int, found: str, hint: str) -> DataError:
        expected = f"{len(self.columns)} columns ({' '.join(self.columns)})"
        return DataError.at(path, number, expected=expected, found=found, hint=hint)


def find_layout(path: Path, lines: Sequence[str], columns: Sequence[str] | None, *, entities: bool) -> Layout | None:
    """Return the layout of a file; None if it has no words.

    Args:
        columns: their names; None: `FOUR_COLUMNS` or `TWO_COLUMNS`, by the first line, or by the document mark above it
            if the word of that line contains blanks.
        entities: whether the tags are those of entities.

    Raises:
        DataError: if the first line has another number of columns, with the setting that reads the file.
        SettingsError: if ``columns`` is invalid.
    """
    if columns is not None:
        Layout(columns, tabs=False, entities=entities)
    words = _word_lines(lines)
    if not words:
        return None
    number, line = words[0]
    tabs = "\t" in line.strip(BLANK)
    width = len(split_cells(line, tabs=tabs, width=len(columns or ())))
    names = columns or _known_columns(width, lines[:number], tabs=tabs)
    expected = f"4 columns ({' '.join(FOUR_COLUMNS)}) or 2 columns ({' '.join(TWO_COLUMNS)})"
    if columns is not None:
        expected = f"{len(columns)} columns ({' '.join(columns)})"
    json_line = JSON_LINE.match(line)
    if json_line or names is None or width < len(names) or (tabs and width > len(names)):
        hint = suggest(lines, tabs=tabs, entities=entities, columns=columns)
        raise DataError.at(path, number, expected=expected, found="JSON" if json_line else str(width), hint=hint)
    return Layout(names, tabs=tabs, entities=entities)


def suggest(lines: Sequence[str], *, tabs: bool, entities: bool, columns: Sequence[str] | None = None) -> str:
    """Return what reads a file with these lines: the names of its columns, or another form of the file."""
    first = _word_lines(lines)[0][1]
    if JSON_LINE.match(first):
        return JSON_HINT
    rows = [split_cells(line, tabs=tabs) for _, line in _word_lines(lines)[:_EXAMINED]]
    ((width, _),) = Counter(map(len, rows)).most_common(1)
    if columns is not None and width == len(columns):
        return "is the first line a header? Take it out"
    if width == 1:
        commas = "," in first
        return "the columns look separated by commas; separate them by tabs" if commas else "is the tag column missing?"
    if width == CONLLU_WIDTH:
        return "the file looks like CoNLL-U; name it .conllu, and read its parts of speech with task=ud_english"
    cells = list(zip(*(row for row in rows if len(row) == width), strict=True))
    word = int(counts_up(cells[0]))
    tags = [at for at in range(word + 1, width) if not entities or all(map(is_entity_tag, cells[at]))]
    if not tags or width > CONLLU_WIDTH:
        return f"name the columns with {_SETTING}=[word,...,tag]"
    names = ["other"] * width
    names[word], names[tags[0] if word and entities else tags[-1]] = "word", "tag"
    if word:
        names[0] = "index"
    return f"set {_SETTING}=[{','.join(names)}], or name another column tag"


def counts_up(values: Sequence[str]) -> bool:
    """Return whether values are numbers that each follow the one before, or begin again at 0 or 1."""
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in values):
        return False
    numbers = list(map(int, values))
    return all(after == before + 1 or after < 2 for before, after in pairwise(numbers))


def split_cells(line: str, *, tabs: bool, width: int | None = None) -> list[str]:
    """Return the cells of a line; empty ones between tabs only if there are ``width`` cells with them."""
    if not tabs:
        return re.split(r"[ \t]+", line.strip(BLANK))
    cells = [cell.strip(" \r") for cell in line.split("\t")]
    return cells if len(cells) == width else [cell for cell in cells if cell]


def _known_columns(width: int, lines: Sequence[str], *, tabs: bool) -> Sequence[str] | None:
    """Return the layout with this many columns; of a line whose word contains blanks that of the document mark."""
    marks = [line for line in lines if line.startswith(DOCUMENT_MARK)]
    marked = len(split_cells(marks[-1], tabs=False)) if marks else 0
    for names in (FOUR_COLUMNS, TWO_COLUMNS):
        if width == len(names) or (not tabs and width > len(FOUR_COLUMNS) and marked == len(names)):
            return names
    return None


def _word_lines(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return number and text of the lines with words, without comments; if all begin as comments do, of all lines."""
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip(BLANK)]
    filled = [(number, line) for number, line in filled if not line.strip(BLANK).startswith(DOCUMENT_MARK)]
    return [(number, line) for number, line in filled if not _COMMENT.match(line)] or filled
