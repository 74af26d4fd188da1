"""The data of an explanation of a decision, without the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Attribution:
    """How much each subword and each character adds to one output, compared with the baseline."""

    title: str
    """Which output, as ``B-LOC of Rotterdam``."""
    output: float
    """The logit."""
    baseline_output: float
    """The logit of the baseline, in which all words are unknown."""
    subwords: Values
    """(T); zero for special subwords."""
    characters: Values | None
    """(C); zero for characters outside words. None for a plain trunk."""
    steps: int
    """Number of points on the path."""
    tolerance: float
    """Largest allowed `gap`."""

    @property
    def total(self) -> float:
        """Sum of all attributions."""
        return float(self.subwords.sum() + (0.0 if self.characters is None else self.characters.sum()))

    @property
    def gap(self) -> float:
        """Relative error of the sum: its distance from the difference of the outputs, divided by the difference."""
        difference = self.output - self.baseline_output
        return abs(self.total - difference) / max(abs(difference), 1e-6)

    @property
    def is_complete(self) -> bool:
        """Whether the sum equals the difference of the outputs within the tolerance."""
        return self.gap <= self.tolerance


@dataclass(frozen=True)
class Piece:
    """A subword of a text."""

    text: str
    """The tokenizer's name of it, as ``##dam``."""
    characters: tuple[str, ...]
    """Its letters in the text; empty for a special subword."""
    first: int
    """Position of the first letter among all characters that the model reads."""
    word: int | None
    """Index of its word; None for a special subword."""


@dataclass(frozen=True)
class ExplainedText:
    """A text with its attributions and attention weights."""

    heading: str
    """As ``as written`` or ``with typos``."""
    pieces: Sequence[Piece]
    """T."""
    attributions: Sequence[Attribution]
    attention: dict[str, Values]
    """By channel, (L, heads, T, T); a row is the attending subword."""

    def character_values(self, attribution: Attribution, piece: Piece) -> Values:
        """Return the attribution of each letter of a subword; empty without a char channel."""
        if attribution.characters is None or not piece.characters:
            return np.zeros(0, np.float32)
        return attribution.characters[piece.first : piece.first + len(piece.characters)]

    @property
    def most_attention(self) -> float:
        """The largest attention to a word's subword in the last layer, mean of its heads: the maximum of a map's scale.

        Special subwords are left out: they often get nearly all attention, which would hide the rest.
        """
        known = [piece.word is not None for piece in self.pieces]
        return max((float(maps[-1].mean(0)[:, known].max()) for maps in self.attention.values()), default=0.0)
