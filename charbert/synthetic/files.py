"""Newswire to files: columns for tagging, running text for pretraining."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from charbert.data.readers.conll import write_conll
from charbert.synthetic.generator import NewsDocument

__all__ = ["write_conll", "write_corpus"]

_SENTENCES_PER_PARAGRAPH = 3


def write_corpus(path: Path | str, documents: Iterable[NewsDocument]) -> None:
    """Write articles as running text: one paragraph a line, an empty line after each article."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for document in documents:
            lines = [document.title.text, document.dateline.text]
            texts = [sentence.text for sentence in document.body]
            for start in range(0, len(texts), _SENTENCES_PER_PARAGRAPH):
                lines.append(" ".join(texts[start : start + _SENTENCES_PER_PARAGRAPH]))
            stream.write("\n".join(lines) + "\n\n")
