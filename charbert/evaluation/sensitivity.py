"""How far noise moves the states of words (Fig. 5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charbert.evaluation.channels import changed_words
from charbert.evaluation.word_states import CONCAT, WordStates

Encode = Callable[[Sequence[Sequence[str]]], list[WordStates]]
Values = NDArray[np.float64]

COMPARED = (CONCAT, "token", "char")
"""Kinds of states whose movement is measured, of those that a model has; the first is what heads read."""


@dataclass(frozen=True)
class Sensitivity:
    """Mean sensitivities of words, in [0, 1]; NaN over no words."""

    all_words: float
    """S of the paper."""
    attacked: float
    """Over the words that the noise changed."""
    others: float
    """Over the words that it did not change, whose states move only with their context."""


def state_distance(clean: NDArray[np.floating], noisy: NDArray[np.floating]) -> Values:
    """Return 1/2 - 1/2 cos(r, r') of each pair of states: 0 for the same direction, 1 for opposite ones.

    Paper: Sec. 5.2, Fig. 5.

    Args:
        clean: states r, (W, F), none of them zero.
        noisy: states r', (W, F).
    """
    clean_states, noisy_states = (np.asarray(states, np.float64) for states in (clean, noisy))
    norms = np.linalg.norm(clean_states, axis=-1) * np.linalg.norm(noisy_states, axis=-1)
    return np.clip(0.5 - 0.5 * (clean_states * noisy_states).sum(-1) / norms, 0.0, 1.0)


def word_sensitivities(
    encode: Encode, clean: Sequence[Sequence[str]], noisy: Sequence[Sequence[str]], *, sentences_at_once: int = 256
) -> dict[str, list[Values]]:
    """Return each word's sensitivity by kind of states (see `COMPARED`), one row (W) for each sentence.

    A word without a subword, before or after noise, is NaN.

    Args:
        clean: the words of each sentence, of one sentence or more.
        noisy: the same sentences after noise, with as many words.
        sentences_at_once: pairs whose states are held in memory.
    """
    sensitivities: dict[str, list[Values]] = {}
    for start in range(0, len(clean), sentences_at_once):
        part = slice(start, start + sentences_at_once)
        for clean_states, noisy_states in zip(encode(clean[part]), encode(noisy[part]), strict=True):
            seen = clean_states.seen & noisy_states.seen
            for source in (name for name in COMPARED if name in clean_states.sources):
                row = np.full(len(seen), np.nan)
                row[seen] = state_distance(clean_states.of(source)[seen], noisy_states.of(source)[seen])
                sensitivities.setdefault(source, []).append(row)
    return sensitivities


def mean_sensitivity(
    rows: Sequence[Values], clean: Sequence[Sequence[str]], noisy: Sequence[Sequence[str]]
) -> Sensitivity:
    """Return the means over all words, over those that differ, and over those that do not."""
    values, changed = np.concatenate(rows), np.concatenate(changed_words(clean, noisy))
    return Sensitivity(*(_mean(values[chosen]) for chosen in (np.ones_like(changed), changed, ~changed)))


def _mean(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
