"""Tagged sentences to features, and logits of subwords back to logits of words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, IGNORED_LABEL, Processor
from charbert.data.readers.conll import TaggedSentence
from charbert.errors import DataError, SettingsError
from charbert.tasks.encoded import check_logits, take_feature


@dataclass(frozen=True)
class Window:
    """The words of one feature."""

    sentence: int
    first_word: int
    positions: tuple[int | None, ...]
    """Position of each word's first subword, None for a word without a subword."""


@dataclass(frozen=True)
class EncodingReport:
    """What happened to the words; every word of every sentence is in exactly one window."""

    sentences: int
    features: int
    words: int
    split_sentences: int
    """Sentences longer than the limit, divided among several features."""
    cut_words: int
    """Words with more subwords than fit into a feature; the model sees only their first subwords."""
    silent_words: int
    """Words without a subword; they get the outside tag when predictions are decoded."""


@dataclass(frozen=True)
class EncodedTags:
    """Features, one dict each, with the window of words that each of them covers."""

    features: list[dict[str, Any]]
    windows: list[Window]
    sentence_lengths: tuple[int, ...]
    """Words of each sentence."""
    report: EncodingReport


@dataclass(frozen=True)
class _Piece:
    """Words ``first`` to ``end`` of a sentence, and their row in the encoding of whole sentences where they fit."""

    sentence: int
    first: int
    end: int
    row: int | None


def encode_tagged(
    sentences: Sequence[TaggedSentence],
    processor: Processor,
    label_ids: Mapping[str, int],
    max_length: int,
    *,
    batch_size: int = 1000,
) -> EncodedTags:
    """Return features whose ``labels`` (T) hold a word's label at its first subword, -100 elsewhere.

    Paper: Sec. 3.6, the first subword represents its word.
    Departure: a sentence longer than ``max_length`` is split between words instead of cut, so that
    every word is scored.

    Args:
        processor: text to model inputs; called with many sentences at once.
        max_length: most subwords of a feature, special ones included.
        batch_size: sentences in a call of ``processor``.

    Raises:
        DataError: if a sentence is empty or has a tag without an id.
        SettingsError: if ``max_length`` leaves no subword for a word.
    """
    check_tags(sentences, label_ids)
    features: list[dict[str, Any]] = []
    windows: list[Window] = []
    cut_words = silent_words = 0
    for start in range(0, len(sentences), batch_size):
        chunk = sentences[start : start + batch_size]
        encoding = processor([list(sentence.words) for sentence in chunk], is_split_into_words=True)
        pieces: list[_Piece] = []
        for row, sentence in enumerate(chunk):
            counts, specials = subword_counts(encoding.word_ids(row), len(sentence.words))
            space = max_length - specials
            if space < 1:
                raise SettingsError(
                    f"max_length must leave room for a subword beside {specials} special ones, got {max_length}"
                )
            cut_words += sum(count > space for count in counts)
            silent_words += counts.count(0)
            parts = _split_words(counts, space)
            whole = len(parts) == 1 and sum(counts) <= space
            pieces += [_Piece(start + row, first, end, row if whole else None) for first, end in parts]
        for feature, window in _encode_pieces(pieces, encoding, sentences, processor, label_ids, max_length):
            features.append(feature)
            windows.append(window)
    lengths = tuple(len(sentence.words) for sentence in sentences)
    split = len({window.sentence for window in windows if window.first_word > 0})
    report = EncodingReport(
        len(sentences), len(features), sum(lengths), split, cut_words=cut_words, silent_words=silent_words
    )
    return EncodedTags(features, windows, lengths, report)


def word_logits(logits: Sequence[np.ndarray], encoded: EncodedTags, num_labels: int) -> list[np.ndarray]:
    """Return the logits at each word's first subword, (words, K) for every sentence; NaN where it has none.

    Args:
        logits: of each feature, (T, K) or longer where padded, in the features' order.
        encoded: what `encode_tagged` returned.
        num_labels: K.

    Raises:
        DataError: if there are not as many logits as features, or some have another shape.
    """
    ends = [max((place for place in window.positions if place is not None), default=-1) for window in encoded.windows]
    check_logits(logits, [1 + end for end in ends], num_labels)
    scores = [np.full((length, num_labels), np.nan, np.float32) for length in encoded.sentence_lengths]
    for row, window in zip(logits, encoded.windows, strict=True):
        for offset, position in enumerate(window.positions):
            if position is not None:
                scores[window.sentence][window.first_word + offset] = row[position]
    return scores


def check_tags(sentences: Sequence[TaggedSentence], label_ids: Mapping[str, int], source: str = "") -> None:
    """Check that each word has a tag and each tag an id.

    Args:
        source: the file, for the message.

    Raises:
        DataError: naming the first sentence that fails.
    """
    for number, sentence in enumerate(sentences):
        line = f" (line {sentence.line})" if sentence.line else ""
        where = (f"{source}, " if source else "") + f"sentence {number}{line}"
        if not sentence.words or len(sentence.words) != len(sentence.tags):
            raise DataError(
                f"{where}: expected one tag for each of one or more words, "
                f"got {len(sentence.words)} words and {len(sentence.tags)} tags"
            )
        unknown = [tag for tag in sentence.tags if tag not in label_ids]
        if unknown:
            raise DataError(
                f"{where}: expected a tag of {sorted(label_ids)}, got {unknown[0]!r}; the training file has no such tag"
            )


def subword_counts(word_ids: Sequence[int | None], num_words: int) -> tuple[list[int], int]:
    """Return how many subwords each word has, and how many special ones there are."""
    counts = Counter(word_ids)
    return [counts[word] for word in range(num_words)], counts[None]


def _split_words(counts: Sequence[int], space: int) -> list[tuple[int, int]]:
    """Return spans of words of at most ``space`` subwords each, a longer word alone; as few as possible."""
    spans, first, used = [], 0, 0
    for word, count in enumerate(counts):
        if used and used + count > space:
            spans.append((first, word))
            first, used = word, 0
        used += count
    return [*spans, (first, len(counts))]


def _encode_pieces(
    pieces: Sequence[_Piece],
    encoding: Any,
    sentences: Sequence[TaggedSentence],
    processor: Processor,
    label_ids: Mapping[str, int],
    max_length: int,
) -> Iterator[tuple[dict[str, Any], Window]]:
    """Yield the features of a chunk: rows of the encoding where they fit, else pieces encoded again."""
    long = [list(sentences[piece.sentence].words[piece.first : piece.end]) for piece in pieces if piece.row is None]
    again = processor(long, is_split_into_words=True, truncation=True, max_length=max_length) if long else encoding
    fresh = iter(range(len(long)))
    for piece in pieces:
        source, row = (encoding, piece.row) if piece.row is not None else (again, next(fresh))
        tags = sentences[piece.sentence].tags[piece.first : piece.end]
        positions, labels = _first_subwords(source.word_ids(row), tags, label_ids)
        feature = take_feature(source, row, **{"labels": labels, EXAMPLE_IDS: piece.sentence})
        yield feature, Window(piece.sentence, piece.first, positions)


def _first_subwords(
    word_ids: Sequence[int | None], tags: Sequence[str], label_ids: Mapping[str, int]
) -> tuple[tuple[int | None, ...], list[int]]:
    positions: list[int | None] = [None] * len(tags)
    labels = [IGNORED_LABEL] * len(word_ids)
    for position, word in enumerate(word_ids):
        if word is not None and positions[word] is None:
            positions[word] = position
            labels[position] = label_ids[tags[word]]
    return tuple(positions), labels
