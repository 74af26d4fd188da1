"""Last-layer states of words in their sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charbert.data.collate import PadCollator
from charbert.data.readers.conll import TaggedSentence
from charbert.errors import SettingsError
from charbert.evaluation.predict import longest_first
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.encoded import model_inputs
from charbert.tasks.tagging.encoding import encode_tagged

States = NDArray[np.float32]

CONCAT = "concat"
"""Both channels side by side, as the heads of Sec. 3.6 read them; of a plain trunk its only channel."""
SOURCES = (CONCAT, "token", "char", "sum")


@dataclass(frozen=True)
class WordStates:
    """States of a sentence's W words in each channel, those of the word's first subword (Sec. 3.6)."""

    token: States
    """(W, H); zeros for a word without a subword."""
    char: States | None
    """(W, H); None for a plain trunk."""
    seen: NDArray[np.bool_]
    """Whether each word has a subword, (W)."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The kinds of states that `of` can return."""
        return (CONCAT,) if self.char is None else SOURCES

    def of(self, source: str) -> States:
        """Return one kind of states: concat (W, 2H), or token, char or their sum, (W, H).

        Raises:
            SettingsError: if the model has no such states.
        """
        if source not in self.sources:
            raise SettingsError(f"states must be one of {', '.join(self.sources)}, got {source}")
        if source == "token" or self.char is None:
            return self.token
        if source == "char":
            return self.char
        return self.token + self.char if source == "sum" else np.concatenate([self.token, self.char], axis=-1)


class WordEncoder:
    """Returns the states of words, without dropout and gradient.

    A sentence too long for the model is cut between words into windows, as in fine-tuning.

    Args:
        model: an encoder; it is put into evaluation mode and stays on its device.
        max_length: most subwords of a window, special ones included.
        batch_size: windows in a forward pass.
    """

    def __init__(
        self, model: CharBertModel, processor: CharBertTokenizer, max_length: int, batch_size: int = 32
    ) -> None:
        self.model = model.eval()
        self.processor = processor
        self.max_length = max_length
        self.batch_size = batch_size
        self._collate = PadCollator(processor.pad_values, processor.row_length)

    @torch.inference_mode()
    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[WordStates]:
        """Return the states of the words of each sentence, in order."""
        untagged = [TaggedSentence(tuple(words), ("O",) * len(words)) for words in sentences]
        encoded = encode_tagged(untagged, self.processor, {"O": 0}, self.max_length)
        word_states = [self._blank(len(words)) for words in sentences]
        order = longest_first(encoded.features)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            channels = self._forward([encoded.features[row] for row in rows])
            for place, row in enumerate(rows):
                window = encoded.windows[row]
                target = word_states[window.sentence]
                for offset, position in enumerate(window.positions):
                    if position is not None:
                        for states, values in zip((target.token, target.char), channels, strict=False):
                            assert states is not None
                            states[window.first_word + offset] = values[place, position]
                        target.seen[window.first_word + offset] = True
        return word_states

    def _forward(self, features: Sequence[dict[str, object]]) -> list[States]:
        """Return the states of a batch in each channel that the model has, (B, T, H) each."""
        batch = self._collate([model_inputs(feature) for feature in features])
        output = self.model(**{name: values.to(self.model.device) for name, values in batch.items()})
        channels: list[Tensor | None] = [output.token_states, output.char_states]
        return [states.float().cpu().numpy() for states in channels if states is not None]

    def _blank(self, words: int) -> WordStates:
        shape = (words, self.model.config.hidden_size)
        char = np.zeros(shape, np.float32) if self.model.config.has_char_channel else None
        return WordStates(np.zeros(shape, np.float32), char, np.zeros(words, dtype=bool))
