"""Writes tagged sentences in columns with tabs between them, for `read_conll` with the same columns."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from charbert.data.readers.conll import Tagged, check_writable
from charbert.data.readers.layouts import DOCUMENT_MARK, TWO_COLUMNS
from charbert.data.readers.lines import with_mark
from charbert.files import write_atomically

_UNKNOWN = "_"


def write_columns(
    path: Path | str, sentences: Iterable[Tagged], columns: Sequence[str] = TWO_COLUMNS, *, documents: bool = False
) -> None:
    """Write a word on each line, and an empty line after each sentence.

    Args:
        columns: names of the columns, as of `charbert.data.readers.layouts.Layout`; ``_`` stands in those that are
            not known.
        documents: mark the beginning of each document, if there is more than one.

    Raises:
        DataError: if a sentence is empty, or a word or tag could not be read back; nothing is written then.
    """
    sentences = list(sentences)
    lines: list[str] = []
    documents = documents and len({sentence.document for sentence in sentences}) > 1
    document: int | None = None
    for number, sentence in enumerate(sentences):
        check_writable(path, number, sentence.words, sentence.tags)
        if documents and sentence.document != document:
            document = sentence.document
            lines += [DOCUMENT_MARK, ""]
        for position, (word, tag) in enumerate(zip(sentence.words, sentence.tags, strict=True)):
            pos = sentence.pos[position] if sentence.pos else _UNKNOWN
            cells = {"index": str(position + 1), "word": word, "tag": tag, "pos": pos}
            lines.append("\t".join(cells.get(name, _UNKNOWN) for name in columns))
        lines.append("")
    write_atomically(path, with_mark("\n".join(lines) + "\n"))
