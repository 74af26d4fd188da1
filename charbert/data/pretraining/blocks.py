"""Packs the paragraphs of a corpus into blocks of consecutive words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LONGEST_WORD = 100
"""In characters. WordPiece maps longer words to [UNK], so they are split into several words."""


@dataclass(frozen=True)
class Lines:
    """Some whole lines of a corpus, each a paragraph or blank."""

    path: Path
    first: int
    """Number of the first line, from 1."""
    data: bytes
    """In UTF-8, without a byte order mark at the beginning of the file."""


@dataclass(frozen=True)
class Words:
    """The words of some lines, and what `BlockCounts` counts in them."""

    text: str
    """The words, one space between them."""
    ends: NDArray[np.int64]
    """Position in ``text`` after each word."""
    read: int
    """Number of words before long ones were split."""
    articles: int
    """Those that begin here, one that goes on from the lines before included."""
    paragraphs: int
    cut_words: int
    starts_inside: bool
    """Whether the first line is a paragraph."""
    ends_inside: bool
    """Whether the last line is a paragraph."""
    damaged: int | None
    """Index of the first line that is not UTF-8, None if there is none; it and later lines were not read."""


@dataclass
class BlockCounts:
    """What the blocks contain; each word of the corpus is in exactly one of them."""

    articles: int = 0
    paragraphs: int = 0
    words: int = 0
    """Words between white space, counted after long ones were split."""
    cut_words: int = 0
    """Words that were split because they have more than ``LONGEST_WORD`` characters."""
    blocks: int = 0


def read_words(lines: Lines, limit: int | None = None) -> Words:
    """Return the words of some lines.

    Args:
        lines: blank ones stand between two articles.
        limit: only the first words are read; None: all.
    """
    texts, damaged = _decode(lines.data)
    words: list[str] = []
    articles = paragraphs = 0
    inside = False
    for text in texts:
        own = text.split()
        if own:
            words += own
            articles += not inside
            paragraphs += 1
        inside = bool(own)
        if limit is not None and len(words) >= limit:
            del words[limit:]
            break
    read = len(words)
    lengths = _lengths(words)
    cut_words = int((lengths > LONGEST_WORD).sum())
    if cut_words:
        words = [word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)]
        lengths = _lengths(words)
    return Words(
        text=" ".join(words),
        ends=np.cumsum(lengths + 1) - 1,
        read=read,
        articles=articles,
        paragraphs=paragraphs,
        cut_words=cut_words,
        starts_inside=bool(texts and texts[0].split(maxsplit=1)),
        ends_inside=inside,
        damaged=damaged,
    )


def pack_words(parts: Iterable[tuple[Lines, Words]], words_per_block: int, counts: BlockCounts) -> Iterator[str]:
    """Yield the texts of the blocks: words in the order of the corpus, one space between them.

    A block may hold the end of an article and the beginning of the next one, so all but the last are full.

    Args:
        parts: of the corpus, in order.
        words_per_block: words of each block but the last, at least 1.
        counts: updated while reading.
    """
    rest, held, inside = "", 0, False
    for lines, words in parts:
        goes_on = inside and words.starts_inside and lines.first > 1
        inside = words.ends_inside
        counts.articles += words.articles - goes_on
        counts.paragraphs += words.paragraphs
        counts.cut_words += words.cut_words
        counts.words += len(words.ends)
        start = 0
        for end in words.ends[words_per_block - held - 1 :: words_per_block].tolist():
            counts.blocks += 1
            yield f"{rest} {words.text[start:end]}".lstrip(" ")
            rest, start = "", end + 1
        rest = f"{rest} {words.text[start:]}".strip(" ")
        held = (held + len(words.ends)) % words_per_block
    if rest:
        counts.blocks += 1
        yield rest


def _decode(data: bytes) -> tuple[list[str], int | None]:
    """Return the lines, and the index of the first that is not UTF-8."""
    try:
        return data.decode("utf-8").removesuffix("\n").split("\n"), None
    except UnicodeDecodeError as error:
        good = data[: data.rfind(b"\n", 0, error.start) + 1]
        return good.decode("utf-8").split("\n")[:-1], good.count(b"\n")


def _lengths(words: list[str]) -> NDArray[np.int64]:
    return np.fromiter(map(len, words), np.int64, len(words))
