"""How much an encoder uses characters: how much its states differ between subwords, and what shuffling changes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from charbert.data.collate import PadCollator
from charbert.errors import SettingsError
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer
from charbert.text.char_vocab import CharVocab

CHAR_IDS = "char_input_ids"
States = NDArray[np.float32]


class CharChannel(NamedTuple):
    """Effects of the characters of a text on an encoder."""

    token_deviation: float
    """`subword_deviation` of the first layer's input in the token channel."""
    char_deviation: float
    """The same in the char channel, of the char encoder's states."""
    token_change: float
    """`relative_change` of the token channel's last states when the characters are shuffled."""
    char_change: float
    """The same of the char channel's."""


def measure_char_channel(
    model: CharBertModel,
    processor: CharBertTokenizer,
    texts: Sequence[str],
    rng: np.random.Generator,
    *,
    max_length: int,
    batch_size: int = 32,
) -> CharChannel:
    """Return the effects of characters on an encoder, without dropout and special subwords.

    Args:
        model: an encoder with a char channel; put into evaluation mode.
        texts: longer ones are truncated.
        max_length: most subwords of a text, special ones included.
        batch_size: texts in a forward pass.

    Raises:
        SettingsError: if the encoder has no char channel.
    """
    if processor.char_vocab is None:
        raise SettingsError("measure_char_channel needs an encoder with a char channel, got one without")
    rows = dict(processor(texts, truncation=True, max_length=max_length, return_special_tokens_mask=True))
    features = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    inner = [~np.array(feature.pop("special_tokens_mask"), dtype=np.bool_) for feature in features]
    vocabulary = processor.char_vocab
    shuffled = [
        feature | {CHAR_IDS: shuffle_characters(feature[CHAR_IDS], vocabulary, rng).tolist()} for feature in features
    ]
    collate = PadCollator(processor.pad_values, processor.row_length)
    before: list[list[States]] = []
    after: list[list[States]] = []
    for start in range(0, len(features), batch_size):
        chosen = slice(start, start + batch_size)
        before.append(_states(model.eval(), collate(features[chosen]), inner[chosen]))
        after.append(_states(model, collate(shuffled[chosen]), inner[chosen]))
    token, char, *last = (np.concatenate(states) for states in zip(*before, strict=True))
    _, _, *moved = (np.concatenate(states) for states in zip(*after, strict=True))
    changes = [relative_change(state, moved_state) for state, moved_state in zip(last, moved, strict=True)]
    return CharChannel(subword_deviation(token), subword_deviation(char), *changes)


def subword_deviation(states: States) -> float:
    """Return the standard deviation between N subwords of the features of their states, (N, H), averaged over H."""
    return float(states.std(axis=0).mean())


def relative_change(before: States, after: States) -> float:
    """Return the norm of the change of states relative to their norm, over all N subwords and H features."""
    return float(np.linalg.norm(after - before) / np.linalg.norm(before))


def shuffle_characters(ids: Sequence[int], vocabulary: CharVocab, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a row of characters, (C,), in random order; padding, separators and special ids are not moved."""
    row = np.array(ids, dtype=np.int64)
    kept = (vocabulary.pad_id, vocabulary.separator_id, vocabulary.special_id)
    places = np.flatnonzero(~np.isin(row, kept))
    row[places] = rng.permutation(row[places])
    return row


@torch.inference_mode()
def _states(model: CharBertModel, batch: dict[str, Tensor], inner: Sequence[NDArray[np.bool_]]) -> list[States]:
    """Return the first and the last states of subwords in the token and the char channel, (N, H) each."""
    output = model(**{name: values.to(model.device) for name, values in batch.items()}, output_hidden_states=True)
    first = [output.token_hidden_states[0], output.char_hidden_states[0]]
    return [
        np.concatenate([row[: len(kept)][kept] for row, kept in zip(states.float().cpu().numpy(), inner, strict=True)])
        for states in (*first, output.token_states, output.char_states)
    ]
