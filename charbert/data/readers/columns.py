"""Writes tagged sentences in two columns, word and tag, for `read_conll` with ``scheme="plain"``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from charbert.data.readers.conll import Tagged, check_writable
from charbert.data.readers.lines import with_mark
from charbert.files import write_atomically


def write_columns(path: Path | str, sentences: Iterable[Tagged]) -> None:
    """Write a word, a tab and its tag on each line, and an empty line after each sentence.

    Documents are not marked in this layout.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    lines: list[str] = []
    for number, sentence in enumerate(sentences):
        check_writable(path, number, sentence.words, sentence.tags)
        lines += [f"{word}\t{tag}" for word, tag in zip(sentence.words, sentence.tags, strict=True)]
        lines.append("")
    write_atomically(path, with_mark("\n".join(lines) + "\n"))
