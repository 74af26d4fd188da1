"""Training data of the word recognizer: noised words, labeled with the original words.

Shapes: B sentences, T words, A characters.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from charbert.batch import IGNORED_LABEL
from charbert.data.pretraining.corpus import Blocks
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.errors import DataError, SettingsError
from charbert.noise.edits import NoiseModel
from charbert.seeding import numpy_generator
from charbert.text.char_vocab import CharVocab
from charbert.text.codepoints import lower_counts
from charbert.text.semi_characters import encode_semi_characters
from charbert.text.words import words_of


def frequent_words(sentences: Iterable[Sequence[str]], size: int) -> WordVocab:
    """Return the ``size`` most frequent words, lower-cased, most frequent first; ties in alphabetical order.

    They are the words of a task, and are not divided as those of a text are.

    Raises:
        DataError: if ``size`` is not positive or there are no words.
    """
    return WordVocab.of_counts(lower_counts(Counter(chain.from_iterable(sentences))), size)


class Sentences(Protocol):
    """Words of sentences, by number; a list of lists is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sequence[str]: ...

    def __iter__(self) -> Iterator[Sequence[str]]: ...


class BlockSentences:
    """The blocks of a corpus as lists of words, read from disk on access."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, index: int, /) -> list[str]:
        return words_of(self._blocks.texts([index])[0])

    def __iter__(self) -> Iterator[list[str]]:
        return map(words_of, self._blocks)


class WordRecognitionDataset(Dataset[dict[str, np.ndarray]]):
    """Sentences with noised words, labeled with the original words.

    Item i draws its noise from (seed, epoch, i) alone, so it is the same for any number of workers.

    Args:
        noise: selects and changes words.
        word_vocab: the words to recognize; their ids are the labels.
        char_vocab: characters of the features.
        max_words: longer sentences are cut to this many words.
        fresh_noise: whether each epoch has its own noise; False for an evaluation set.

    Raises:
        SettingsError: if ``max_words`` is not positive.
    """

    def __init__(
        self,
        sentences: Sentences,
        noise: NoiseModel,
        word_vocab: WordVocab,
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
        self._word_vocab = word_vocab
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
        features = encode_semi_characters(noised, self._char_vocab)._asdict()
        return features | {"labels": self._word_vocab.encode(words)}


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
