"""Words hidden from one channel, so that a score shows what the other channel contributes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.tagging.encoding import EncodedTags

Flags = NDArray[np.bool_]


def changed_words(clean: Sequence[Sequence[str]], noisy: Sequence[Sequence[str]]) -> list[Flags]:
    """Return for each sentence which words the noise changed, (W,)."""
    return [
        np.array([word != other for word, other in zip(clean_words, noisy_words, strict=True)], dtype=np.bool_)
        for clean_words, noisy_words in zip(clean, noisy, strict=True)
    ]


def subwords_of(encoded: EncodedTags, words: Sequence[Flags]) -> list[Flags]:
    """Return for each feature which subwords belong to the chosen words, (T,).

    Args:
        encoded: sentences as features; one special subword ends each.
        words: for each sentence which words are chosen, (W,).
    """
    masks = []
    for feature, window in zip(encoded.features, encoded.windows, strict=True):
        flags = np.zeros(len(feature["input_ids"]), dtype=np.bool_)
        end = len(flags) - 1
        for offset in range(len(window.positions) - 1, -1, -1):
            begin = window.positions[offset]
            if begin is None:  # a word without a subword
                continue
            flags[begin:end] = words[window.sentence][window.first_word + offset]
            end = begin
        masks.append(flags)
    return masks


def without_subwords(features: Sequence[Mapping[str, Any]], hidden: Sequence[Flags], mask_id: int) -> list[Any]:
    """Return features whose hidden subwords are masked in the token channel; their characters are unchanged.

    Args:
        features: with ``input_ids`` (T).
        hidden: flag of each subword, (T,).
    """
    return [
        {**feature, "input_ids": np.where(flags, mask_id, np.asarray(feature["input_ids"])).tolist()}
        for feature, flags in zip(features, hidden, strict=True)
    ]


def without_characters(
    features: Sequence[Mapping[str, Any]], hidden: Sequence[Flags], processor: CharBertTokenizer
) -> list[Any]:
    """Return features without the characters of the hidden subwords, as in MLM; the subwords are unchanged.

    Args:
        hidden: flag of each subword, (T,).
        processor: with characters.
    """
    return [
        {**feature, **processor.hide_subwords(feature, flags)} for feature, flags in zip(features, hidden, strict=True)
    ]
