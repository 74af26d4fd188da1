"""What an explanation of a decision consists of: numbers and names, drawn elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Attribution:
    """How much each subword and each character adds to one output, compared with not being known."""

    title: str
    """Which output, as ``B-LOC of Rotterdam``."""
    output: float
    """The logit."""
    baseline_output: float
    """The logit where nothing is known of the text's words."""
    subwords: Values
    """(T); zero for special subwords."""
    characters: Values | None
    """(C); zero for characters that belong to no word. None for a plain trunk."""
    steps: int
    """Points of the path."""
    tolerance: float
    """How far the sum may lie from the difference of the outputs, as a share of it."""

    @property
    def total(self) -> float:
        """Sum of all attributions."""
        return float(self.subwords.sum() + (0.0 if self.characters is None else self.characters.sum()))

    @property
    def gap(self) -> float:
        """How far the sum lies from the difference of the outputs, as a share of the difference."""
        difference = self.output - self.baseline_output
        return abs(self.total - difference) / max(abs(difference), 1e-6)

    @property
    def is_complete(self) -> bool:
        """Whether the sum is the difference of the outputs, within the tolerance."""
        return self.gap <= self.tolerance


@dataclass(frozen=True)
class Piece:
    """A subword of a text."""

    text: str
    """As the tokenizer names it, as ``##dam``."""
    characters: tuple[str, ...]
    """Its letters in the text; none for a special subword."""
    first: int
    """Place of the first of them among all characters that the model reads."""
    word: int | None
    """Which word of its text it is of; None for a special subword."""


@dataclass(frozen=True)
class ExplainedText:
    """A text, what decided about it, and where the channels looked."""

    heading: str
    """As ``as written`` or ``with typos``."""
    pieces: Sequence[Piece]
    """T."""
    attributions: Sequence[Attribution]
    attention: dict[str, Values]
    """By channel, (L, heads, T, T): a row is the subword that looks."""

    def character_values(self, attribution: Attribution, piece: Piece) -> Values:
        """Return what each letter of a subword adds; empty without a char channel."""
        if attribution.characters is None or not piece.characters:
            return np.zeros(0, np.float32)
        return attribution.characters[piece.first : piece.first + len(piece.characters)]

    @property
    def most_attention(self) -> float:
        """The most that a word's subword gets in the last layer, mean of its heads: the end of a map's scale.

        Special subwords are left out: they often get nearly all of it, and beside them nothing else would be seen.
        """
        known = [piece.word is not None for piece in self.pieces]
        return max((float(maps[-1].mean(0)[:, known].max()) for maps in self.attention.values()), default=0.0)
