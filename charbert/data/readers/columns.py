"""Tagged sentences in two columns, word and tag, as `read_conll` reads them with ``scheme="plain"``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from charbert.data.readers.conll import DOCUMENT_MARK, Tagged
from charbert.data.readers.lines import with_mark
from charbert.errors import DataError
from charbert.files import write_atomically


def write_columns(path: Path | str, sentences: Iterable[Tagged]) -> None:
    """Write a word, a tab and its tag on each line, and an empty line after each sentence.

    Documents are not marked: a file of this layout has none.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    lines: list[str] = []
    for number, sentence in enumerate(sentences):
        if not sentence.words or len(sentence.words) != len(sentence.tags):
            counts = f"{len(sentence.words)} words and {len(sentence.tags)} tags in sentence {number}"
            raise DataError.at(path, None, expected="one tag for every one of one or more words", found=counts)
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            broken = not word or re.search(r"^[ \t\r]|[ \t\r]$|\n", word) or word.startswith(DOCUMENT_MARK)
            if broken or not re.fullmatch(r"[^ \t\r\n]+", tag):
                raise DataError.at(
                    path,
                    None,
                    expected="words without line breaks or blanks at their ends, tags without blanks",
                    found=f"{(word, tag)!r} in sentence {number}",
                    hint="clean the sentence before it is written",
                )
            lines.append(f"{word}\t{tag}")
        lines.append("")
    write_atomically(path, with_mark("\n".join(lines) + "\n"))
