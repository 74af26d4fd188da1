"""Tagged sentences to features, and predicted labels back to one tag a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charbert.batch import EXAMPLE_IDS, IGNORED_LABEL, Processor
from charbert.data.readers.conll import Tagged
from charbert.errors import DataError, SettingsError

_NOT_FEATURES = ("offset_mapping", "special_tokens_mask", "overflow_to_sample_mapping", "length")


@dataclass(frozen=True)
class Window:
    """The words of one feature: where each one's first subword stands, None for a word without a subword."""

    sentence: int
    first_word: int
    positions: tuple[int | None, ...]


@dataclass(frozen=True)
class EncodingReport:
    """What happened to the words; every word of every sentence is in exactly one window."""

    sentences: int
    features: int
    words: int
    split_sentences: int
    """Sentences longer than the limit, spread over several features."""
    cut_words: int
    """Words with more subwords than fit into a feature; only their first subwords are seen."""
    silent_words: int
    """Words that the tokenizer turns into nothing; they get the outside tag when predictions are decoded."""


@dataclass(frozen=True)
class EncodedTags:
    """Features, one dict each, with the window of words that each of them covers."""

    features: list[dict[str, Any]]
    windows: list[Window]
    sentence_lengths: tuple[int, ...]
    """Words of each sentence."""
    report: EncodingReport


def tag_label_ids(sentences: Iterable[Tagged]) -> dict[str, int]:
    """Return an id for each tag that occurs, in alphabetical order but with ``O`` first where it occurs."""
    tags = sorted({tag for sentence in sentences for tag in sentence.tags}, key=lambda tag: (tag != "O", tag))
    return {tag: position for position, tag in enumerate(tags)}


def encode_tagged(
    sentences: Sequence[Tagged],
    processor: Processor,
    label_ids: Mapping[str, int],
    max_length: int,
    *,
    batch_size: int = 1000,
) -> EncodedTags:
    """Return features whose ``labels`` (T) hold a word's label at its first subword, -100 elsewhere.

    Paper: Sec. 3.6, the first subword stands for its word.
    Departure: a sentence longer than ``max_length`` is split between words instead of cut, so that no word
    escapes the score.

    Args:
        sentences: words and tags.
        processor: text to model inputs; called with many sentences at once.
        label_ids: id of each tag.
        max_length: most subwords of a feature, special ones included.
        batch_size: sentences in a call of ``processor``.

    Raises:
        DataError: if a sentence is empty or has a tag without an id.
        SettingsError: if ``max_length`` leaves no room for a word beside the special subwords.
    """
    check_tags(sentences, label_ids)
    features: list[dict[str, Any]] = []
    windows: list[Window] = []
    cut_words = silent_words = 0
    for start in range(0, len(sentences), batch_size):
        chunk = sentences[start : start + batch_size]
        spans: list[tuple[int, int, int]] = []  # sentence, first word, end
        rows: list[int | None] = []  # of the encoding, None for a window to be encoded anew
        encoding = processor([list(sentence.words) for sentence in chunk], is_split_into_words=True)
        for row, sentence in enumerate(chunk):
            counts, specials = _subword_counts(encoding.word_ids(row), len(sentence.words))
            room = max_length - specials
            if room < 1:
                raise SettingsError(
                    f"max_length must leave room for a subword beside {specials} special ones, got {max_length}"
                )
            cut_words += sum(count > room for count in counts)
            silent_words += counts.count(0)
            parts = _split_words(counts, room)
            whole = len(parts) == 1 and sum(counts) <= room
            spans += [(start + row, first, end) for first, end in parts]
            rows += [row] if whole else [None] * len(parts)
        _add_features(features, windows, sentences, processor, label_ids, max_length, encoding, spans, rows)
    lengths = tuple(len(sentence.words) for sentence in sentences)
    split = len({window.sentence for window in windows if window.first_word > 0})
    report = EncodingReport(
        len(sentences), len(features), sum(lengths), split, cut_words=cut_words, silent_words=silent_words
    )
    return EncodedTags(features, windows, lengths, report)


def decode_tags(
    predictions: Sequence[Sequence[int]],
    encoded: EncodedTags,
    label_ids: Mapping[str, int],
    *,
    outside: str = "O",
) -> list[list[str]]:
    """Return one tag for every word of every sentence.

    Args:
        predictions: predicted label ids of each feature, (T) or longer where padded, in the features' order.
        encoded: what `encode_tagged` returned.
        label_ids: id of each tag.
        outside: tag of a word that the model never saw.

    Raises:
        DataError: if there are not as many predictions as features, or one is too short or no label id.
    """
    if len(predictions) != len(encoded.windows):
        raise DataError(
            f"expected predictions for {len(encoded.windows)} features, got {len(predictions)}; "
            "was the last batch dropped?"
        )
    names = {label: tag for tag, label in label_ids.items()}
    tags = [[outside] * length for length in encoded.sentence_lengths]
    for number, (row, window) in enumerate(zip(predictions, encoded.windows, strict=True)):
        for offset, position in enumerate(window.positions):
            if position is None:
                continue
            label = int(row[position]) if position < len(row) else None
            if label not in names:
                raise DataError(
                    f"prediction {number}: expected a label id of {sorted(names)} at subword {position}, "
                    f"got {'nothing' if label is None else label}; "
                    "are these the predictions of this encoding?"
                )
            tags[window.sentence][window.first_word + offset] = names[label]
    return tags


def word_logits(logits: Sequence[np.ndarray], encoded: EncodedTags, num_labels: int) -> list[np.ndarray]:
    """Return the logits at each word's first subword, (words, K) for every sentence; NaN where it has none.

    Args:
        logits: of each feature, (T, K) or longer where padded, in the features' order.
        encoded: what `encode_tagged` returned.
        num_labels: K.

    Raises:
        DataError: if there are not as many logits as features.
    """
    if len(logits) != len(encoded.windows):
        raise DataError(f"expected logits for {len(encoded.windows)} features, got {len(logits)}")
    scores = [np.full((length, num_labels), np.nan, np.float32) for length in encoded.sentence_lengths]
    for row, window in zip(logits, encoded.windows, strict=True):
        for offset, position in enumerate(window.positions):
            if position is not None:
                scores[window.sentence][window.first_word + offset] = row[position]
    return scores


def check_tags(sentences: Sequence[Tagged], label_ids: Mapping[str, int], source: str = "") -> None:
    """Check that each word has a tag, and each tag an id.

    Args:
        sentences: words and tags.
        label_ids: id of each tag.
        source: the file, for the message.

    Raises:
        DataError: naming the first sentence where that is not so.
    """
    for number, sentence in enumerate(sentences):
        line = getattr(sentence, "line", None)
        where = (f"{source}, " if source else "") + f"sentence {number}" + (f" (line {line})" if line else "")
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


def _subword_counts(word_ids: Sequence[int | None], num_words: int) -> tuple[list[int], int]:
    """Return how many subwords each word has, and how many special ones there are."""
    counts, specials = [0] * num_words, 0
    for word in word_ids:
        if word is None:
            specials += 1
        else:
            counts[word] += 1
    return counts, specials


def _split_words(counts: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Return spans of words of at most ``room`` subwords each, a longer word alone; as few as possible."""
    spans, first, used = [], 0, 0
    for word, count in enumerate(counts):
        if used and used + count > room:
            spans.append((first, word))
            first, used = word, 0
        used += count
    return [*spans, (first, len(counts))]


def _add_features(
    features: list[dict[str, Any]],
    windows: list[Window],
    sentences: Sequence[Tagged],
    processor: Processor,
    label_ids: Mapping[str, int],
    max_length: int,
    encoding: Any,
    spans: list[tuple[int, int, int]],
    rows: list[int | None],
) -> None:
    """Append the features of a chunk: rows of the encoding where they fit, else windows encoded anew."""
    parts = [list(sentences[number].words[first:end]) for number, first, end in spans]
    long = [part for part, row in zip(parts, rows, strict=True) if row is None]
    again = processor(long, is_split_into_words=True, truncation=True, max_length=max_length) if long else encoding
    fresh = iter(range(len(long)))
    for (number, first, end), row in zip(spans, rows, strict=True):
        source, at = (encoding, row) if row is not None else (again, next(fresh))
        positions, labels = _first_subwords(source.word_ids(at), sentences[number].tags[first:end], label_ids)
        feature = {name: values[at] for name, values in source.items() if name not in _NOT_FEATURES}
        features.append({**feature, "labels": labels, EXAMPLE_IDS: number})
        windows.append(Window(number, first, positions))


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
