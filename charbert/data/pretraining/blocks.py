"""Packs the paragraphs of a corpus into blocks of consecutive words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
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

    text: bytes
    """The words, one space between them, in UTF-8."""
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
        limit: only the first words are read, at least 1; None: all.
    """
    lines_read, damaged = _decode(lines.data)
    texts = [" ".join(line.split()) for line in lines_read]  # a line at a time stays in the processor's cache
    if limit is not None:
        sizes = accumulate(len(text.split()) for text in texts)
        texts = texts[: 1 + next((index for index, size in enumerate(sizes) if size >= limit), len(texts))]
    inside = [bool(text) for text in texts]
    text = " ".join(filter(None, texts)).encode("utf-8")
    ends = _ends(text)
    if limit is not None and len(ends) > limit:
        text, ends = text[: ends[limit - 1]], ends[:limit]
    read = len(ends)
    text, cut_words = _cut_long_words(text, ends)
    return Words(
        text=text,
        ends=_ends(text) if cut_words else ends,
        read=read,
        articles=sum(here and not before for before, here in pairwise([False, *inside])),
        paragraphs=sum(inside),
        cut_words=cut_words,
        starts_inside=inside[:1] == [True],
        ends_inside=inside[-1:] == [True],
        damaged=damaged,
    )


def pack_words(parts: Iterable[tuple[Lines, Words]], words_per_block: int, counts: BlockCounts) -> Iterator[bytes]:
    """Yield the texts of the blocks: words in the order of the corpus, one space between them, in UTF-8.

    A block may hold the end of an article and the beginning of the next one, so all but the last are full.

    Args:
        parts: of the corpus, in order.
        words_per_block: words of each block but the last, at least 1.
        counts: updated while reading.
    """
    rest, held, inside = b"", 0, False
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
            block = words.text[start:end]
            yield b"%b %b" % (rest, block) if rest else block
            rest, start = b"", end + 1
        left = words.text[start:]
        rest = b"%b %b" % (rest, left) if rest and left else rest or left
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


def _ends(text: bytes) -> NDArray[np.int64]:
    """Return the position after each word of a text with a space between words."""
    spaces = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(" "))
    return np.append(spaces, len(text)) if text else spaces


def _cut_long_words(text: bytes, ends: NDArray[np.int64]) -> tuple[bytes, int]:
    """Return the text with a space after each `LONGEST_WORD` characters of a long word, and the number of those."""
    sizes = np.diff(ends, prepend=-1) - 1
    parts, done, cut_words = [], 0, 0
    for index in np.flatnonzero(sizes > LONGEST_WORD):  # in bytes, of which a character has one or more
        end = int(ends[index])
        start = end - int(sizes[index])
        word = text[start:end].decode("utf-8")
        if len(word) > LONGEST_WORD:
            cut_words += 1
            pieces = [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)]
            parts += [text[done:start], " ".join(pieces).encode("utf-8")]
            done = end
    return b"".join([*parts, text[done:]]), cut_words
