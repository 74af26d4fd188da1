"""Reads and writes CoNLL column files; entity tags are read as IOB2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.lines import check_same_number, read_text
from charbert.data.readers.tag_schemes import is_entity_tag, to_iob2
from charbert.errors import DataError, SettingsError

FOUR_COLUMNS = ("word", "pos", "chunk", "tag")
"""The layout of CoNLL-2003."""

TWO_COLUMNS = ("word", "tag")
"""The layout of most other tagging files."""

DOCUMENT_MARK = "-DOCSTART-"
_BLANK = " \t\r"
_UNKNOWN = "_"

TagScheme = Literal["auto", "iob1", "iob2", "plain"]


@dataclass(frozen=True)
class TaggedSentence:
    """Words with one tag each, their document and the line (from 1) of their file."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    pos: tuple[str, ...] | None = None
    document: int = 0
    line: int | None = None


class Tagged(Protocol):
    """The attributes of a sentence that encoding, comparing and writing need."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words, one or more."""

    @property
    def tags(self) -> tuple[str, ...]:
        """One tag per word."""

    @property
    def pos(self) -> tuple[str, ...] | None:
        """One part of speech per word, or None."""

    @property
    def document(self) -> int:
        """Index of the document the sentence belongs to."""


def read_conll(
    path: Path | str,
    *,
    columns: Sequence[str] | None = None,
    scheme: TagScheme = "auto",
    unescape_quotes: bool = False,
    errors: list[ExampleError] | None = None,
) -> list[TaggedSentence]:
    """Return the sentences of a column file, their tags in IOB2.

    Columns are separated by spaces or tabs and counted from the right, because the authors' attacked test set
    contains words with a space. A ``-DOCSTART-`` line begins a document, an empty line ends a sentence.

    Args:
        path: the file, in UTF-8.
        columns: names of the columns from the left; ``word`` is first, ``tag`` is required, ``pos`` is optional, and
            other names are ignored. None: `FOUR_COLUMNS` or `TWO_COLUMNS`, by the number of columns of the first line.
        scheme: of the tags; ``auto`` detects IOB1 or IOB2, ``plain`` keeps the tags (such as parts of speech).
        unescape_quotes: read a word ``\\"`` as ``"``.
            Released code: each quotation mark of the attacked test set is escaped, which is not part of the attack.
        errors: None: a malformed line or tag is an error. A list: sentences with malformed lines are left out and
            added to it, and sentences with tags of another scheme are read unchanged.

    Raises:
        DataError: if the file is missing, empty, not UTF-8, or has a malformed line or tag.
        SettingsError: if ``columns`` or ``scheme`` is invalid.
    """
    path = Path(path)
    if scheme not in ("auto", "iob1", "iob2", "plain"):
        raise SettingsError(f"scheme must be auto, iob1, iob2 or plain, got {scheme!r}")
    lines = read_text(path, "a file of columns").split("\n")  # not splitlines(): a word may contain U+0085 or U+2028
    sentences = _read_sentences(path, lines, columns, unescape_quotes, errors)
    if not sentences:
        raise DataError.at(path, None, expected="at least one sentence", found="none", hint="is the file empty?")
    if scheme == "plain":
        return sentences
    read = [sentence for sentence in sentences if errors is None or all(map(is_entity_tag, sentence.tags))]
    tags = iter(to_iob2(path, [(sentence.tags, sentence.line or 1) for sentence in read], scheme))
    known = set(map(id, read))
    return [replace(sentence, tags=next(tags)) if id(sentence) in known else sentence for sentence in sentences]


def write_conll(path: Path | str, sentences: Iterable[Tagged]) -> None:
    """Write sentences in the four columns of CoNLL-2003, with ``_`` for unknown values.

    Every document begins with a ``-DOCSTART-`` line. `read_conll` gives the same sentences back.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back.
    """
    lines: list[str] = []
    document: int | None = None
    for number, sentence in enumerate(sentences):
        if sentence.document != document:
            document = sentence.document
            lines += [f"{DOCUMENT_MARK} -X- {_UNKNOWN} O", ""]
        pos = sentence.pos or (_UNKNOWN,) * len(sentence.words)
        check_writable(path, number, sentence.words, sentence.tags, pos)
        for word, word_pos, tag in zip(sentence.words, pos, sentence.tags, strict=True):
            lines.append(f"{word} {word_pos} {_UNKNOWN} {tag}")
        lines.append("")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8"))


def check_aligned(clean: Sequence[Tagged], attacked: Sequence[Tagged], path: Path | str = "") -> None:
    """Check that an attacked copy differs from the clean sentences only in the letters of its words.

    Parts of speech may differ: eight do in the authors' copy.

    Args:
        clean: the original sentences.
        attacked: the sentences of the copy.
        path: file of the copy, for the error.

    Raises:
        DataError: naming the first sentence or word that does not match.
    """
    file = f"{path}, " if path else ""
    for number, (clean_sentence, attacked_sentence) in enumerate(zip(clean, attacked, strict=False)):
        where = f"{file}sentence {number}{_source_lines(clean_sentence, attacked_sentence)}"
        if len(clean_sentence.words) != len(attacked_sentence.words):
            raise DataError(
                f"{where}: expected {len(clean_sentence.words)} words as in the clean copy, "
                f"got {len(attacked_sentence.words)}; "
                "an attack must not add, drop or split words"
            )
        for position, (tag, other_tag) in enumerate(zip(clean_sentence.tags, attacked_sentence.tags, strict=True)):
            if tag != other_tag:
                raise DataError(
                    f"{where}, word {position} ({clean_sentence.words[position]!r}, "
                    f"now {attacked_sentence.words[position]!r}): "
                    f"expected tag {tag} as in the clean copy, got {other_tag}; are both made from one file?"
                )
    check_same_number(path, "sentences", clean, attacked)


def _source_lines(clean_sentence: Tagged, attacked_sentence: Tagged) -> str:
    lines = [getattr(sentence, "line", None) for sentence in (clean_sentence, attacked_sentence)]
    return f" (line {lines[0]} of the clean file, {lines[1]} of the attacked one)" if all(lines) else ""


def check_writable(path: Path | str, number: int, words: Sequence[str], *columns: Sequence[str]) -> None:
    """Refuse a sentence that `read_conll` would read differently.

    Args:
        path: the file, for the error.
        number: of the sentence.
        words: of the sentence.
        columns: its tags and other columns, one value per word each.

    Raises:
        DataError: if a length differs, or a word or tag could not be read back.
    """
    lengths = [len(column) for column in (words, *columns)]
    if not words or len(set(lengths)) > 1:
        found = f"columns of {lengths} values in sentence {number}"
        raise DataError.at(path, None, expected="one or more words and one tag per word", found=found)
    for word, *cells in zip(words, *columns, strict=True):
        broken = not word or word.strip(_BLANK) != word or "\n" in word or word.startswith(DOCUMENT_MARK)
        if broken or any(not cell or re.search(r"[ \t\r\n]", cell) for cell in cells):
            raise DataError.at(
                path,
                None,
                expected="words without line breaks or blanks at their ends, tags without blanks",
                found=f"{(word, *cells)!r} in sentence {number}",
                hint="clean the sentence before it is written",
            )


def _read_sentences(
    path: Path,
    lines: list[str],
    columns: Sequence[str] | None,
    unescape_quotes: bool,
    errors: list[ExampleError] | None = None,
) -> list[TaggedSentence]:
    """Return the sentences of a file with unconverted tags."""
    sentences: list[TaggedSentence] = []
    rows: list[tuple[str, ...]] = []
    document = first_line = sentence_number = 0
    first_error: DataError | None = None
    layout = _Layout(columns) if columns is not None else None
    document_mark = ""
    for number, line in enumerate([*lines, ""], start=1):
        line = line.strip(_BLANK)
        starts_document = line.startswith(DOCUMENT_MARK)
        if rows and (starts_document or not line):
            assert layout is not None
            if first_error is None:
                sentences.append(layout.sentence(rows, document, first_line, unescape_quotes))
            elif errors is not None:
                content = "\n".join(lines[first_line - 1 : number - 1])
                errors.append(ExampleError(sentence_number, f"{path}:{first_line}", str(first_error), content))
            sentence_number += 1
            rows, first_error = [], None
        if starts_document and sentences and sentences[-1].document == document:
            document += 1
        document_mark = line if starts_document else document_mark
        if not line or starts_document:
            continue
        layout = layout or _Layout(_detect_columns(path, number, line, document_mark))
        if not rows:
            first_line = number
        try:
            rows.append(layout.split(path, number, line))
        except DataError as error:
            if errors is None:
                raise
            first_error = first_error or error
            rows.append(())
    return sentences


class _Layout:
    """The meaning of each column, counted from the right so that only the word may contain blanks."""

    def __init__(self, columns: Sequence[str]) -> None:
        if len(columns) < 2 or columns[0] != "word" or list(columns).count("tag") != 1:
            raise SettingsError(
                f"columns must begin with word and name tag once, got {list(columns)}; "
                f"CoNLL-2003 has {list(FOUR_COLUMNS)}"
            )
        self.columns = tuple(columns)
        self.tag = self.columns.index("tag")
        self.pos = self.columns.index("pos") if "pos" in self.columns else None
        self._row = re.compile(r"(.+?)" + r"[ \t]+([^ \t]+)" * (len(self.columns) - 1))

    def split(self, path: Path, number: int, line: str) -> tuple[str, ...]:
        match = self._row.fullmatch(line)
        if match is None:
            raise DataError.at(
                path,
                number,
                expected=f"{len(self.columns)} columns ({' '.join(self.columns)})",
                found=str(len(re.split(r"[ \t]+", line))),
                hint="was a column lost when the file was made?",
            )
        return match.groups()

    def sentence(self, rows: list[tuple[str, ...]], document: int, line: int, unescape_quotes: bool) -> TaggedSentence:
        words = [row[0] for row in rows]
        if unescape_quotes:
            words = ['"' if word == '\\"' else word for word in words]
        pos = None if self.pos is None else tuple(row[self.pos] for row in rows)
        return TaggedSentence(tuple(words), tuple(row[self.tag] for row in rows), pos, document, line)


def _detect_columns(path: Path, number: int, line: str, document_mark: str) -> tuple[str, ...]:
    """Return the layout of the first line, or of the document mark above it if the word of the line contains blanks."""
    width, marked = (len(re.split(r"[ \t]+", text)) for text in (line, document_mark))
    for layout in (FOUR_COLUMNS, TWO_COLUMNS):
        if width == len(layout) or (width > len(FOUR_COLUMNS) and marked == len(layout)):
            return layout
    raise DataError.at(
        path,
        number,
        expected=f"4 columns ({' '.join(FOUR_COLUMNS)}) or 2 columns ({' '.join(TWO_COLUMNS)})",
        found=str(width),
        hint="name the columns if the file has another layout",
    )
