"""Paragraphs packed into blocks of consecutive words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from charbert.errors import SettingsError

LONGEST_RUN = 100
"""Characters of one word; WordPiece gives up on longer ones ([UNK]), so they are cut into several words."""

_PARAGRAPHS_AT_A_TIME = 256


class FastTokenizer(Protocol):
    """A Hugging Face fast tokenizer, as far as counting needs it."""

    @property
    def backend_tokenizer(self) -> Any:
        """The ``tokenizers.Tokenizer`` underneath."""


@dataclass(frozen=True)
class PlainTokenizer:
    """A tokenizer that neither pads nor truncates; a fast tokenizer remembers what its last call asked for."""

    backend_tokenizer: Any

    @classmethod
    def copy_of(cls, tokenizer: FastTokenizer) -> PlainTokenizer:
        """Return a copy that is free of such memories; the original stays as it is."""
        backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        backend.no_padding()
        backend.no_truncation()
        return cls(backend)


@dataclass(frozen=True)
class BlockSettings:
    """How long a block is.

    Raises:
        SettingsError: if a number is below 1.
    """

    words_per_block: int | None = 80
    """Most words of a block; None: no such limit."""
    max_subwords: int | None = None
    """Most subwords of a block, special ones and noise not counted; None: no such limit."""
    cross_articles: bool = True
    """Whether a block may hold the end of an article and the beginning of the next one, so that all are
    full."""
    max_words: int | None = None
    """Only the first words of the corpus are read; None: all."""

    def __post_init__(self) -> None:
        for name in ("words_per_block", "max_subwords", "max_words"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingsError(f"corpus.{name} must be at least 1, got {value}")
        if self.words_per_block is None and self.max_subwords is None:
            raise SettingsError("corpus.words_per_block or corpus.max_subwords must be given, got neither")


@dataclass
class BlockCounts:
    """What went into the blocks; no word is left out or stands in two of them."""

    articles: int = 0
    paragraphs: int = 0
    words: int = 0
    """Runs without white space, long ones after they were cut."""
    subwords: int = 0
    """Counted when ``max_subwords`` is set, else 0."""
    cut_words: int = 0
    """Words that were too long for a block and became several."""
    blocks: int = 0


def pack_paragraphs(
    paragraphs: Iterable[str | None],
    settings: BlockSettings,
    tokenizer: FastTokenizer | None,
    counts: BlockCounts,
) -> Iterator[str]:
    """Yield the texts of the blocks: words in the order of the corpus, one space between them.

    Args:
        paragraphs: None stands between two articles.
        settings: when a block is full.
        tokenizer: counts subwords; needed for ``max_subwords`` only.
        counts: is added to on the way.
    """
    block: list[str] = []
    length = 0
    most_words = settings.words_per_block or float("inf")
    most_subwords = settings.max_subwords or float("inf")
    articles = _first_words(paragraphs, settings.max_words, counts)
    for word, size in _sized_words(articles, settings.max_subwords, tokenizer, counts):
        ends = word is None and not settings.cross_articles
        if block and (ends or len(block) >= most_words or length + size > most_subwords):
            counts.blocks += 1
            yield " ".join(block)
            block, length = [], 0
        if word is not None:
            counts.words += 1
            counts.subwords += size
            block.append(word)
            length += size
    if block:
        counts.blocks += 1
        yield " ".join(block)


def _first_words(
    paragraphs: Iterable[str | None], max_words: int | None, counts: BlockCounts
) -> Iterator[list[str] | None]:
    """Yield the words of each paragraph and None after each article, until there are ``max_words``."""
    left = max_words
    inside = False
    for paragraph in paragraphs:
        if paragraph is None:
            if inside:
                yield None
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


def _sized_words(
    paragraphs: Iterator[list[str] | None],
    max_subwords: int | None,
    tokenizer: FastTokenizer | None,
    counts: BlockCounts,
) -> Iterator[tuple[str | None, int]]:
    """Yield each word and its number of subwords (0 where none are counted), and (None, 0) after an
    article."""
    while group := list(islice(paragraphs, _PARAGRAPHS_AT_A_TIME)):
        whole = [_cut_long_runs(words or [], counts) for words in group]
        if max_subwords is None or tokenizer is None:
            sizes: Sequence[Sequence[int]] = [[0] * len(words) for words in whole]
        else:
            whole, sizes = _count_subwords(whole, max_subwords, tokenizer, counts)
        for given, words, lengths in zip(group, whole, sizes, strict=True):
            if given is None:
                yield None, 0
            yield from zip(words, lengths, strict=True)


def _cut_long_runs(words: list[str], counts: BlockCounts) -> list[str]:
    if max(map(len, words), default=0) <= LONGEST_RUN:
        return words
    counts.cut_words += sum(len(word) > LONGEST_RUN for word in words)
    return [word[at : at + LONGEST_RUN] for word in words for at in range(0, len(word), LONGEST_RUN)]


def _count_subwords(
    paragraphs: list[list[str]], most: int, tokenizer: FastTokenizer, counts: BlockCounts
) -> tuple[list[list[str]], list[list[int]]]:
    """Return the words and the number of subwords of each; a word of more than ``most`` is cut into
    several."""
    backend = tokenizer.backend_tokenizer
    encodings = backend.encode_batch([" ".join(words) for words in paragraphs], add_special_tokens=False)
    cut, sizes = [], []
    for words, encoding in zip(paragraphs, encodings, strict=True):
        ends = np.cumsum(np.fromiter((len(word) + 1 for word in words), np.int64, len(words)))
        pieces = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        owners = np.searchsorted(ends, np.maximum(pieces[:, 1] - 1, pieces[:, 0]), side="right")
        lengths = np.bincount(owners, minlength=len(words))
        if lengths.max(initial=0) > most:
            words, lengths = _cut_words(words, lengths, pieces[:, 0], owners, ends, most, counts)
        cut.append(words)
        sizes.append(lengths.tolist())
    return cut, sizes


def _cut_words(
    words: list[str],
    lengths: NDArray[np.int64],
    starts: NDArray[np.int64],
    owners: NDArray[np.int64],
    ends: NDArray[np.int64],
    most: int,
    counts: BlockCounts,
) -> tuple[list[str], NDArray[np.int64]]:
    """Return ``words`` with those of more than ``most`` subwords cut where a subword begins."""
    parts: list[str] = []
    sizes: list[int] = []
    for index, (word, length) in enumerate(zip(words, lengths.tolist(), strict=True)):
        begin = int(ends[index]) - len(word) - 1
        inner = (starts[owners == index][most::most] - begin).tolist() if length > most else []
        stops = sorted({0, *inner, len(word)})
        if len(stops) < 3:
            parts.append(word)
            sizes.append(length)
            continue
        counts.cut_words += 1
        parts += [word[start:stop] for start, stop in pairwise(stops)]
        sizes += [min(most, length - at) for at in range(0, length, most)][: len(stops) - 1]
    return parts, np.array(sizes)
