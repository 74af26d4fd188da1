"""Reads and writes CoNLL column files; entity tags are read as IOB2."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.layouts import BLANK, DOCUMENT_MARK, FOUR_COLUMNS, TWO_COLUMNS, Layout, find_layout
from charbert.data.readers.lines import with_mark
from charbert.data.readers.tag_schemes import is_entity_tag, to_iob2, with_prefixes
from charbert.errors import DataError, SettingsError
from charbert.files import read_text, write_atomically

_UNKNOWN = "_"

TagScheme = Literal["auto", "strict", "plain"]


@dataclass(frozen=True)
class TaggedSentence:
    """Words with one tag each, their document and the line (from 1) of their file."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    pos: tuple[str, ...] | None = None
    document: int = 0
    line: int | None = None


def read_conll(
    path: Path | str,
    *,
    columns: Sequence[str] | None = None,
    scheme: TagScheme = "auto",
    unescape_quotes: bool = False,
    errors: list[ExampleError] | None = None,
    reports: dict[Path, dict[str, Any]] | None = None,
) -> list[TaggedSentence]:
    """Return the sentences of a column file, their tags in IOB2.

    A ``-DOCSTART-`` line begins a document, an empty line ends a sentence; lines before a sentence that begin with
    a lone ``#`` and are no word with a tag are comments. See `Layout` for what separates columns.

    Args:
        path: the file, in UTF-8.
        columns: their names from the left, as of `Layout`. None: word, pos, chunk and tag, or word and tag.
        scheme: of the tags; ``auto`` detects it, ``strict`` refuses tags that continue no entity, ``plain`` keeps the
            tags (such as parts of speech).
        unescape_quotes: read a word ``\\"`` as ``"``.
            Released code: each quotation mark of the attacked test set is escaped, which is not part of the attack.
        errors: None: a malformed line or tag is an error. A list: sentences with malformed lines are left out and
            added to it, and sentences with tags of no scheme are read unchanged.
        reports: gets the `TagReport` of a file whose tags were not IOB2, by path.

    Raises:
        DataError: if the file is missing, empty, not UTF-8, or has a malformed line or tag.
        SettingsError: if ``columns`` or ``scheme`` is invalid.
    """
    path = Path(path)
    if scheme not in ("auto", "strict", "plain"):
        raise SettingsError(f"scheme must be auto, strict or plain, got {scheme!r}")
    lines = read_text(path, "a file of columns").split("\n")  # not splitlines(): a word may contain U+0085 or U+2028
    layout = find_layout(path, lines, columns, entities=scheme != "plain")
    sentences = [] if layout is None else _read_sentences(path, lines, layout, unescape_quotes, errors)
    if not sentences:
        raise DataError.at(path, None, expected="at least one sentence", found="none", hint="is the file empty?")
    if scheme == "plain":
        return sentences
    return with_iob2(path, sentences, strict=scheme == "strict", lenient=errors is not None, reports=reports)


def with_iob2(
    path: Path,
    sentences: Sequence[TaggedSentence],
    *,
    strict: bool,
    lenient: bool,
    reports: dict[Path, dict[str, Any]] | None = None,
) -> list[TaggedSentence]:
    """Return the sentences with their tags in IOB2, and log what they were.

    Args:
        sentences: with tags of any scheme.
        strict: as of `to_iob2`.
        lenient: leave sentences with tags of no scheme as they are.
        reports: gets the report, by path.

    Raises:
        DataError: as `to_iob2`.
    """
    rows, _ = with_prefixes([(sentence.tags, sentence.line or 1) for sentence in sentences])
    known = [not lenient or all(map(is_entity_tag, tags)) for tags, _ in rows]
    kept = [(sentence.tags, sentence.line or 1) for sentence, fits in zip(sentences, known, strict=True) if fits]
    converted, report = to_iob2(path, kept, strict=strict)
    report.log(path)
    if reports is not None and report.unusual:
        reports[path] = asdict(report)
    tags = iter(converted)
    return [
        replace(sentence, tags=next(tags)) if fits else sentence
        for sentence, fits in zip(sentences, known, strict=True)
    ]


def write_conll(path: Path | str, sentences: Iterable[TaggedSentence]) -> None:
    """Write sentences in the four columns of CoNLL-2003, with ``_`` for unknown values.

    Every document begins with a ``-DOCSTART-`` line. Tabs separate the columns if a word contains a blank.
    `read_conll` gives the same sentences back.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    sentences = list(sentences)
    gap = "\t" if any(" " in word for sentence in sentences for word in sentence.words) else " "
    _write(path, sentences, FOUR_COLUMNS, gap, f"{DOCUMENT_MARK} -X- {_UNKNOWN} O")


def write_columns(path: Path | str, sentences: Iterable[TaggedSentence], columns: Sequence[str] = TWO_COLUMNS) -> None:
    """Write sentences in columns with tabs between them, for `read_conll` with the same columns.

    If there is more than one document, the beginning of each is marked.

    Args:
        columns: their names, as of `Layout`; ``_`` stands in those that are not known.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    sentences = list(sentences)
    marked = len({sentence.document for sentence in sentences}) > 1
    _write(path, sentences, columns, "\t", DOCUMENT_MARK if marked else "")


def _write(path: Path | str, sentences: Sequence[TaggedSentence], columns: Sequence[str], gap: str, mark: str) -> None:
    """Write a word on each line, an empty line after each sentence, and ``mark`` before each document."""
    lines: list[str] = []
    document: int | None = None
    for number, sentence in enumerate(sentences):
        pos = sentence.pos or (_UNKNOWN,) * len(sentence.words)
        _check_writable(path, number, sentence.words, sentence.tags, *([pos] if "pos" in columns else []))
        if mark and sentence.document != document:
            document = sentence.document
            lines += [mark, ""]
        for position, (word, word_pos, tag) in enumerate(zip(sentence.words, pos, sentence.tags, strict=True), start=1):
            cells = {"index": str(position), "word": word, "pos": word_pos, "tag": tag}
            lines.append(gap.join(cells.get(name, _UNKNOWN) for name in columns))
        lines.append("")
    write_atomically(path, with_mark("\n".join(lines) + "\n"))


def _check_writable(path: Path | str, number: int, words: Sequence[str], *columns: Sequence[str]) -> None:
    """Refuse a sentence that `read_conll` would read differently.

    Args:
        path: the file, for the error.
        columns: its tags and other columns, one value per word each.

    Raises:
        DataError: if a length differs, or a word or tag could not be read back.
    """
    lengths = [len(column) for column in (words, *columns)]
    if not words or len(set(lengths)) > 1:
        found = f"columns of {lengths} values in sentence {number}"
        raise DataError.at(path, None, expected="one or more words and one tag per word", found=found)
    for word, *cells in zip(words, *columns, strict=True):
        broken = not word or word.strip(BLANK) != word or re.search(r"[\t\n]", word) or word.startswith(DOCUMENT_MARK)
        if broken or any(not cell or re.search(r"[ \t\r\n]", cell) for cell in cells):
            raise DataError.at(
                path,
                None,
                expected="words without line breaks, tabs or blanks at their ends, tags without blanks",
                found=f"{(word, *cells)!r} in sentence {number}",
                hint="clean the sentence before it is written",
            )


def _read_sentences(
    path: Path, lines: list[str], layout: Layout, unescape_quotes: bool, errors: list[ExampleError] | None
) -> list[TaggedSentence]:
    """Return the sentences of a file with unconverted tags."""
    sentences: list[TaggedSentence] = []
    rows: list[tuple[str, ...]] = []
    document = first_line = sentence_number = 0
    first_error: DataError | None = None
    for number, line in enumerate([*lines, ""], start=1):
        bare = line.strip(BLANK)
        starts_document = bare.startswith(DOCUMENT_MARK)
        if rows and (starts_document or not bare):
            if first_error is None:
                sentences.append(_sentence(layout, rows, document, first_line, unescape_quotes))
            elif errors is not None:
                content = "\n".join(lines[first_line - 1 : number - 1])
                errors.append(ExampleError(sentence_number, f"{path}:{first_line}", str(first_error), content))
            sentence_number += 1
            rows, first_error = [], None
        if starts_document and sentences and sentences[-1].document == document:
            document += 1
        if not bare or starts_document or (not rows and layout.is_comment(bare)):
            continue
        if not rows:
            first_line = number
        try:
            rows.append(layout.split(path, number, line))
        except DataError as error:
            if errors is None:
                raise
            first_error = first_error or error
            rows.append(())
    if sentences:
        layout.check(path, lines, [sentence.words for sentence in sentences])
    return sentences


def _sentence(
    layout: Layout, rows: list[tuple[str, ...]], document: int, line: int, unescape_quotes: bool
) -> TaggedSentence:
    words = [row[layout.word] for row in rows]
    if unescape_quotes:
        words = ['"' if word == '\\"' else word for word in words]
    pos = None if layout.pos is None else tuple(row[layout.pos] for row in rows)
    return TaggedSentence(tuple(words), tuple(row[layout.tag] for row in rows), pos, document, line)
