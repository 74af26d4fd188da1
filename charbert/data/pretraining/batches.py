"""Examples of pretraining: blocks of text with noise and masks that are drawn again in every epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from charbert.batch import CHAR_INPUTS, EXAMPLE_IDS, IGNORED_LABEL, TEACHER, TOKEN_INPUTS, Processor
from charbert.data.pretraining.clean_copies import clean_copies
from charbert.data.pretraining.corpus import Blocks
from charbert.data.pretraining.masking import DRAWS_PER_PIECE, WholeWordMasking
from charbert.data.pretraining.noised_text import NO_WORD, NoisedText, add_noise, clean_text, word_of_pieces
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.errors import SettingsError
from charbert.noise.edits import NoiseModel
from charbert.seeding import numpy_generator
from charbert.text.codepoints import IntArray
from charbert.text.rows import exclusive_cumsum, gather, split_rows


class PretrainingProcessor(Processor, Protocol):
    """A processor that can remove the characters of some subwords."""

    mask_token_id: Any  # int, or None
    all_special_ids: list[int]

    def __len__(self) -> int: ...

    def hide_subwords(self, features: Mapping[str, Any], hidden: Any) -> dict[str, Any]:
        """Return the char fields without the characters of the hidden subwords."""


def count_subwords(blocks: Blocks, processor: Processor, most: int = 100) -> IntArray:
    """Return the numbers of subwords, special ones included, of ``most`` blocks from all parts of a text, or of all."""
    chosen = np.linspace(0, len(blocks) - 1, min(most, len(blocks))).astype(int).tolist()
    encoding = processor(blocks.texts(chosen), verbose=False)  # the library warns of each text longer than the trunk's
    return np.array([len(ids) for ids in encoding["input_ids"]])


@dataclass(eq=False)
class PretrainingDataset(Dataset[dict[str, Any]]):
    """Examples of blocks with some words noised and some others masked.

    An example depends on the seed, the epoch and its index alone: not on the other examples of a batch, nor
    on how many processes load the data. After ``set_epoch`` the same block has other noise and other masks.

    Paper: Sec. 3.5. NLM predicts the original word at every subword of a noised one; MLM masks whole words
    that are not noised, and the characters of what it is to predict are hidden from the char channel.
    Released code: the same, but loses words between lines and gives every process the same examples.

    Raises:
        SettingsError: if the tokenizer has no mask, or NLM lacks noise.
    """

    blocks: Blocks
    processor: PretrainingProcessor
    """Encodes them; one without a char channel gives no char fields."""
    _: KW_ONLY
    max_length: int
    """Maximum number of subwords of an example, special ones included; longer ones are truncated."""
    noise: NoiseModel | None = None
    """None leaves the text clean."""
    word_vocab: WordVocab | None = None
    """The words of NLM; None gives no ``nlm_labels``, with noise (AdvBERT) or without."""
    mlm_probability: float = 0.10
    """Share of the subwords to predict by MLM; at 0 ``mlm_labels`` has none."""
    seed: int = 0
    hidden_share: float = 0.0
    """Share of the noised words whose subwords are replaced by the mask, in [0, 1]; their characters stay. Ours: NLM
    cannot restore these words from their subwords."""
    clean_copies: bool = False
    """Whether each example is paired with its clean copy, under ``teacher``. Ours."""

    def __post_init__(self) -> None:
        if self.word_vocab is not None and self.noise is None:
            raise SettingsError("word_vocab is given and noise is not: without noise NLM has no word to restore")
        if self.processor.mask_token_id is None:
            raise SettingsError("MLM needs a tokenizer with a mask token, this one has none")
        ids = np.setdiff1d(np.arange(len(self.processor)), np.asarray(self.processor.all_special_ids))
        self.masking = WholeWordMasking(self.processor.mask_token_id, ids, self.mlm_probability)
        # Shared memory, so that persistent data loader processes see the next epoch.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Draw noise and masks of another epoch from now on, in running data loader processes too."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one example; see ``__getitems__``."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return the examples: the processor's fields, ``mlm_labels``, ``nlm_labels``, ``example_ids`` and ``teacher``.

        Each is a row of T integers, or of C for ``char_input_ids``, one number for ``example_ids``, and a mapping for
        ``teacher``, see ``clean_copies``.

        Raises:
            IndexError: if there is no such block.
        """
        size = len(self)
        for index in indices:
            if not -size <= index < size:
                raise IndexError(f"there is no block {index} among {size}")
        chosen = [int(index) % size for index in indices]
        epoch = int(self._epoch)
        generators = [numpy_generator(self.seed, "pretraining", epoch, index) for index in chosen]
        clean = [clean_text(text) for text in self.blocks.texts(chosen)]
        noised = clean
        if self.noise is not None:
            noised = [add_noise(text, self.noise, rng) for text, rng in zip(clean, generators, strict=True)]
        encoding = self.processor(
            [example.text for example in noised],
            truncation=True,
            max_length=self.max_length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        fields = self._label(clean, encoding, noised, generators)
        names = [name for name in (*TOKEN_INPUTS, *CHAR_INPUTS) if name in encoding]
        columns = {name: fields.pop(name, encoding[name]) for name in names} | fields
        return [
            {name: rows[row] for name, rows in columns.items()} | {EXAMPLE_IDS: index}
            for row, index in enumerate(chosen)
        ]

    def _label(
        self,
        clean: Sequence[NoisedText],
        encoding: Mapping[str, Any],
        noised: Sequence[NoisedText],
        generators: Sequence[np.random.Generator],
    ) -> dict[str, Sequence[Any]]:
        """Return the fields that masking changes, the labels and the paired examples, each a list of rows."""
        ids: list[list[int]] = encoding["input_ids"]
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        total = int(lengths.sum())
        rows = np.repeat(np.arange(len(ids)), lengths)
        real = gather(encoding["special_tokens_mask"], total) == 0
        words = word_of_pieces(encoding["offset_mapping"], noised, rows)
        words[~real] = NO_WORD
        targets = self._nlm_targets(noised)
        noisy = (words >= 0) & (targets[words] != IGNORED_LABEL)
        draws = [rng.random((n, DRAWS_PER_PIECE)) for rng, n in zip(generators, lengths.tolist(), strict=True)]
        masked = self.masking.mask(
            gather(ids, total),
            rows,
            words,
            real=real,
            candidates=(words >= 0) & ~noisy,
            draws=np.concatenate(draws),
        )
        if self.hidden_share:
            hidden_words = self._hidden_words(noised, generators)
            masked.input_ids[noisy & hidden_words[words]] = self.processor.mask_token_id
        stops = np.cumsum(lengths)[:-1]
        fields: dict[str, Sequence[Any]] = {
            "input_ids": np.split(masked.input_ids, stops),
            "mlm_labels": np.split(masked.mlm_labels, stops),
        }
        if self.word_vocab is not None:
            fields["nlm_labels"] = np.split(np.where(noisy, targets[words], IGNORED_LABEL), stops)
        if CHAR_INPUTS[0] in encoding:
            hidden = split_rows(masked.mlm_labels != IGNORED_LABEL, lengths)
            fields |= self.processor.hide_subwords(encoding, hidden)
        if self.clean_copies:
            seen = np.split(np.where(masked.mlm_labels == IGNORED_LABEL, words, NO_WORD), stops)
            fields[TEACHER] = clean_copies(clean, self.processor, self.max_length, seen)
        return fields

    def _hidden_words(
        self, noised: Sequence[NoisedText], generators: Sequence[np.random.Generator]
    ) -> NDArray[np.bool_]:
        """Return for each word of the batch whether its subwords are to be hidden if it is noised, and one False."""
        drawn = [rng.random(len(text.begins)) for text, rng in zip(noised, generators, strict=True)]
        return np.append(np.concatenate(drawn) < self.hidden_share, False)  # words may be none

    def _nlm_targets(self, noised: Sequence[NoisedText]) -> IntArray:
        """Return for each word of the batch the id of what it was, ``IGNORED_LABEL`` if it is not noised."""
        sizes = np.fromiter((len(example.begins) for example in noised), np.int64, len(noised))
        targets = np.full(int(sizes.sum()) + 1, IGNORED_LABEL, np.int64)  # one more: words may be none
        for first, example in zip(exclusive_cumsum(sizes).tolist(), noised, strict=True):
            places = np.fromiter(example.originals, np.int64, len(example.originals))
            originals = list(example.originals.values())
            targets[first + places] = 0 if self.word_vocab is None else self.word_vocab.encode(originals)
        return targets
