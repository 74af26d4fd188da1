"""Reads and writes Universal Dependencies files (CoNLL-U) as sentences tagged with parts of speech."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.example_errors import ExampleError
from charbert.data.readers.lines import read_lines
from charbert.errors import DataError, SettingsError
from charbert.files import write_atomically

CONLLU_SUFFIX = ".conllu"

PosColumn = Literal["upos", "xpos"]

_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_UNKNOWN = "_"
_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b")
_SKIPPED_ID = re.compile(r"[0-9]+-([0-9]{1,9})|([0-9]{1,9})\.[0-9]+")
"""Of a multiword token, with its last word, and of an empty node, with the word before it."""


def read_conllu(
    path: Path | str, tag: PosColumn = "upos", *, errors: list[ExampleError] | None = None
) -> list[TaggedSentence]:
    """Return the sentences of a CoNLL-U file, one word for each syntactic word.

    The lines of multiword tokens (``3-4``, such as "don't" for "do" and "n't") and of empty nodes (``3.1``, not in the
    text) have no part of speech and are skipped. A comment ``# newdoc`` begins a document.

    Args:
        path: the file, in UTF-8.
        tag: ``upos``, the 17 universal parts of speech, or ``xpos``, language-specific ones.
        errors: None: a malformed sentence is an error. A list: it is left out and added to the list.

    Raises:
        DataError: with the line, if the file is missing or empty, or has a line with a wrong number of columns, invalid
            ids, an empty word, or no tags in the column, or a sentence ends before the last word of a multiword token.
        SettingsError: if ``tag`` is not one of the two.
    """
    if tag not in ("upos", "xpos"):
        raise SettingsError(f"task.columns.label must be upos or xpos for CoNLL-U files, got {tag!r}")
    path, column = Path(path), _COLUMNS.index(tag)
    sentences: list[TaggedSentence] = []
    block: list[tuple[int, str]] = []
    document, started, sentence_number = 0, False, 0
    for number, line in enumerate([*read_lines(path, "a CoNLL-U file"), ""], start=1):
        if not line.strip():
            if block:
                try:
                    rows = [(at, _split(path, at, cells)) for at, cells in block]
                    sentences.append(_sentence(path, rows, column, document))
                except DataError as error:
                    if errors is None:
                        raise
                    content = "\n".join(cells for _, cells in block)
                    errors.append(ExampleError(sentence_number, f"{path}:{block[0][0]}", str(error), content))
                block, started = [], True
                sentence_number += 1
        elif not line.startswith("#"):
            block.append((number, line))
        elif block:
            raise DataError.at(path, number, expected="comments before the words of a sentence", found=repr(line[:40]))
        elif _NEW_DOCUMENT.match(line) and started:
            document, started = document + 1, False
    if not sentences:
        raise DataError.at(path, None, expected="at least one sentence", found="none", hint="is it empty?")
    if all(tag_ == _UNKNOWN for sentence in sentences for tag_ in sentence.tags):
        other = "xpos" if tag == "upos" else "upos"
        hint = f"set task.columns.label={other}"
        raise DataError.at(path, None, expected=f"tags in the column {tag}", found="none", hint=hint)
    return sentences


def write_conllu(path: Path | str, sentences: Iterable[TaggedSentence], tag: PosColumn = "upos") -> None:
    """Write sentences as CoNLL-U with words and tags, and ``_`` for all other values.

    `read_conllu` gives the same sentences back.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    column = _COLUMNS.index(tag)
    lines: list[str] = []
    document: int | None = None
    for number, sentence in enumerate(sentences):
        if not sentence.words or len(sentence.words) != len(sentence.tags):
            counts = f"{len(sentence.words)} words and {len(sentence.tags)} tags in sentence {number}"
            raise DataError.at(path, None, expected="one tag for every one of one or more words", found=counts)
        if sentence.document != document:
            document = sentence.document
            lines.append("# newdoc")
        for position, pair in enumerate(zip(sentence.words, sentence.tags, strict=True), start=1):
            if any(not cell.strip() or re.search(r"[\t\r\n]", cell) for cell in pair):
                raise DataError.at(
                    path,
                    None,
                    expected="words and tags that are not empty and contain neither tabs nor line breaks",
                    found=f"{pair!r} in sentence {number}",
                )
            cells = [str(position), pair[0], *[_UNKNOWN] * (len(_COLUMNS) - 2)]
            cells[column] = pair[1]
            lines.append("\t".join(cells))
        lines.append("")
    write_atomically(path, "\n".join(lines) + "\n")


def _split(path: Path, number: int, line: str) -> list[str]:
    cells = line.split("\t")
    if len(cells) != len(_COLUMNS):
        expected = f"{len(_COLUMNS)} columns between tabs ({' '.join(_COLUMNS)})"
        raise DataError.at(
            path, number, expected=expected, found=str(len(cells)), hint="were tabs converted to spaces?"
        )
    return cells


def _sentence(path: Path, block: Sequence[tuple[int, list[str]]], column: int, document: int) -> TaggedSentence:
    """Return the words of a block, whose ids must count up from 1."""
    words: list[str] = []
    tags: list[str] = []
    last, place = 0, (0, "")  # the highest word that a skipped line names, with that line
    for number, cells in block:
        if skipped := _SKIPPED_ID.fullmatch(cells[0]):
            last, place = max((last, place), (int(skipped[1] or skipped[2]), (number, cells[0])))
            continue
        if cells[0] != str(len(words) + 1):
            hint = "ids count the words of a sentence from 1"
            raise DataError.at(path, number, expected=f"id {len(words) + 1}", found=repr(cells[0])[:40], hint=hint)
        if not cells[1].strip() or not cells[column].strip():
            raise DataError.at(path, number, expected="a word and a tag", found="an empty column")
        words.append(cells[1])
        tags.append(cells[column])
    if not words:
        raise DataError.at(path, block[0][0], expected="a word in the sentence", found="none")
    if last > len(words):
        found = f"a sentence of {len(words)}"
        raise DataError.at(path, place[0], expected=f"a word {last} for the id {place[1][:40]}", found=found)
    return TaggedSentence(tuple(words), tuple(tags), document=document, line=block[0][0])
