"""Training data of the word recogniser: noised words in, the words that were meant out.

Shapes: B sentences, T words, A characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from charbert.batch import IGNORED_LABEL
from charbert.errors import DataError, SettingsError
from charbert.noise.edits import NoiseModel
from charbert.seeding import numpy_generator
from charbert.text.char_vocab import CharVocab
from charbert.text.semi_characters import encode_semi_characters
from charbert.text.words import words_of


def frequent_words(sentences: Iterable[Sequence[str]], size: int) -> list[str]:
    """Return the ``size`` most frequent words, lower-cased, most frequent first; ties in alphabetical order.

    Raises:
        SettingsError: if ``size`` is not positive.
        DataError: if there are no words.
    """
    if size < 1:
        raise SettingsError(f"the recogniser's vocabulary needs at least 1 word, got {size}")
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(word.lower() for word in sentence)
    if not counts:
        raise DataError("expected text to take the recogniser's vocabulary from, got no words")
    return sorted(counts, key=lambda word: (-counts[word], word))[:size]


class TextSentences(Sequence[list[str]]):
    """Texts as lists of words, split when they are asked for, so that a large corpus stays on disk."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> list[str]: ...
    @overload
    def __getitem__(self, index: slice) -> TextSentences: ...
    def __getitem__(self, index: int | slice) -> list[str] | TextSentences:
        if isinstance(index, slice):
            return TextSentences(self._texts[index])
        return words_of(self._texts[index])


class WordRecognitionDataset(Dataset[dict[str, np.ndarray]]):
    """Sentences with noised words, labelled with the words as they were.

    Item i draws its noise from (seed, epoch, i) alone, so it is the same for any number of workers.

    Args:
        sentences: words of each sentence.
        noise: which words are noised, and how.
        words: the vocabulary, lower-cased; label i is ``words[i]``, label ``len(words)`` is any other word.
        char_vocab: characters of the features.
        seed: seed of the noise.
        max_words: what a sentence has beyond this many words is left out.
        fresh_noise: whether each epoch has noise of its own; False for a set that scores are taken on.

    Raises:
        SettingsError: if ``max_words`` is not positive.
    """

    def __init__(
        self,
        sentences: Sequence[Sequence[str]],
        noise: NoiseModel,
        words: Sequence[str],
        char_vocab: CharVocab,
        *,
        seed: int,
        max_words: int = 128,
        fresh_noise: bool = True,
    ) -> None:
        if max_words < 1:
            raise SettingsError(f"max_words must be at least 1 word a sentence, got {max_words}")
        self._sentences = sentences
        self._noise = noise
        self._labels = {word: label for label, word in enumerate(words)}
        self._char_vocab = char_vocab
        self._seed = seed
        self._max_words = max_words
        self._fresh_noise = fresh_noise
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the noise of an epoch; the Trainer calls this before each."""
        if self._fresh_noise:
            self._epoch = epoch

    def __len__(self) -> int:
        return len(self._sentences)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Return the features of a sentence: ``first_ids`` (T), ``inner_counts`` (T, A), ``last_ids`` (T) and
        ``labels`` (T).

        Raises:
            DataError: if the sentence has no words, or an empty one.
        """
        words = list(self._sentences[index][: self._max_words])
        if not words:
            raise DataError(f"sentence {index} has no words; leave empty sentences out")
        rng = numpy_generator(self._seed, "word recognition", self._epoch, index)
        noised = self._noise.corrupt(words, rng).words
        unknown = len(self._labels)
        labels = [self._labels.get(word.lower(), unknown) for word in words]
        features = encode_semi_characters(noised, self._char_vocab)._asdict()
        return features | {"labels": np.asarray(labels, np.int64)}


def collate_words(features: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Return sentences padded to the longest, and their ``attention_mask`` (B, T).

    Each field is as `WordRecognitionDataset` gives it, with B in front.
    """
    longest = max(len(feature["first_ids"]) for feature in features)
    batch: dict[str, Tensor] = {}
    for name, first in features[0].items():
        padding = IGNORED_LABEL if name == "labels" else 0
        rows = np.full((len(features), longest, *first.shape[1:]), padding, first.dtype)
        for row, feature in zip(rows, features, strict=True):
            row[: len(feature[name])] = feature[name]
        batch[name] = torch.from_numpy(rows)
    lengths = torch.tensor([len(feature["first_ids"]) for feature in features])
    batch["attention_mask"] = (torch.arange(longest) < lengths[:, None]).long()
    return batch
