"""Training data of the word recognizer: noised words, labeled with the original words.

Shapes: B sentences, T words, A characters.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
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


@dataclass(eq=False)
class BlockSentences:
    """The blocks of a corpus as lists of words, read from disk on access."""

    blocks: Blocks

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, index: int, /) -> list[str]:
        return words_of(self.blocks.texts([index])[0])

    def __iter__(self) -> Iterator[list[str]]:
        return map(words_of, self.blocks)


@dataclass(eq=False)
class WordRecognitionDataset(Dataset[dict[str, np.ndarray]]):
    """Sentences with noised words, labeled with the original words.

    Item i draws its noise from (seed, epoch, i) alone, so it is the same for any number of workers.

    Raises:
        SettingsError: if ``max_words`` is not positive.
    """

    sentences: Sentences
    noise: NoiseModel
    """Selects and changes words."""
    word_vocab: WordVocab
    """The words to recognize; their ids are the labels."""
    char_vocab: CharVocab
    """Characters of the features."""
    _: KW_ONLY
    seed: int
    max_words: int = 128
    """Longer sentences are cut to this many words."""
    fresh_noise: bool = True
    """Whether each epoch has its own noise; False for an evaluation set."""
    epoch: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.max_words < 1:
            raise SettingsError(f"max_words must be at least 1 word a sentence, got {self.max_words}")

    def set_epoch(self, epoch: int) -> None:
        """Choose the noise of an epoch; the Trainer calls this before each."""
        if self.fresh_noise:
            self.epoch = epoch

    def __len__(self) -> int:
        return len(self.sentences)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """Return the features of a sentence: ``first_ids`` (T), ``inner_counts`` (T, A), ``last_ids`` (T) and
        ``labels`` (T).

        Raises:
            DataError: if the sentence has no words, or an empty one.
        """
        words = list(self.sentences[index][: self.max_words])
        if not words:
            raise DataError(f"sentence {index} has no words; leave empty sentences out")
        rng = numpy_generator(self.seed, "word recognition", self.epoch, index)
        noised = self.noise.corrupt(words, rng).words
        features = encode_semi_characters(noised, self.char_vocab)._asdict()
        return features | {"labels": self.word_vocab.encode(words)}


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
