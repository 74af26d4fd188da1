"""Packs the paragraphs of a corpus into blocks of consecutive words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_WORD = 100
"""In characters. WordPiece maps longer words to [UNK], so they are split into several words."""


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


def pack_paragraphs(
    paragraphs: Iterable[str | None], words_per_block: int, max_words: int | None, counts: BlockCounts
) -> Iterator[str]:
    """Yield the texts of the blocks: words in the order of the corpus, one space between them.

    A block may hold the end of an article and the beginning of the next one, so all but the last are full.

    Args:
        paragraphs: None stands between two articles.
        words_per_block: words of each block but the last, at least 1.
        max_words: only the first words of the corpus are read; None: all.
        counts: updated while reading.
    """
    block: list[str] = []
    for paragraph in _first_words(paragraphs, max_words, counts):
        words = _split_long_words(paragraph, counts)
        block += words
        counts.words += len(words)
        for start in range(0, len(block) - words_per_block + 1, words_per_block):
            counts.blocks += 1
            yield " ".join(block[start : start + words_per_block])
        block = block[len(block) - len(block) % words_per_block :]
    if block:
        counts.blocks += 1
        yield " ".join(block)


def _first_words(paragraphs: Iterable[str | None], max_words: int | None, counts: BlockCounts) -> Iterator[list[str]]:
    """Yield the words of each paragraph until there are ``max_words``."""
    left = max_words
    inside = False
    for paragraph in paragraphs:
        if paragraph is None:
            inside = False
            continue
        words = paragraph.split()[:left]
        counts.articles += not inside
        counts.paragraphs += 1
        inside = True
        yield words
        if left is not None:
            left -= len(words)
            if left == 0:
                return


def _split_long_words(words: list[str], counts: BlockCounts) -> list[str]:
    if max(map(len, words), default=0) <= LONGEST_WORD:
        return words
    counts.cut_words += sum(len(word) > LONGEST_WORD for word in words)
    return [word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)]
