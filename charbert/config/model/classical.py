"""Settings of baselines: rows of the tables that need no trunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.errors import SettingsError


class BaselineKind(Enum):
    """What stands in the place of a neural model."""

    none = "none"
    majority = "majority"
    tfidf = "tfidf"


class Units(Enum):
    """What text is counted in."""

    word = "word"
    char = "char"


@dataclass
class BaselineSettings:
    """A model without a trunk, fitted in seconds."""

    kind: BaselineKind = BaselineKind.none
    """none: a neural model; majority: the most frequent label (of a word: its most frequent tag); tfidf: logistic
    regression on TF-IDF weighted n-grams, and for questions the sentence of the passage that shares most with them."""
    units: Units = Units.word
    """n-grams of words, or of characters inside words."""
    ngrams: list[int] = field(default_factory=lambda: [1, 2])
    """Shortest and longest n-gram."""
    min_count: int = 2
    """Rows of the training set that an n-gram must be in."""
    max_features: int | None = 200_000
    """The most frequent n-grams are kept, this many; null: all."""
    strength: float = 1.0
    """Inverse of the L2 penalty of the regression."""
    window: int = 1
    """Tagging: neighbours to either side of a word whose n-grams count too."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if len(self.ngrams) != 2 or not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise SettingsError(f"model.baseline.ngrams must be the shortest and the longest n-gram, got {self.ngrams}")
        if self.min_count < 1:
            raise SettingsError(f"model.baseline.min_count must be at least 1, got {self.min_count}")
        if self.max_features is not None and self.max_features < 1:
            raise SettingsError(f"model.baseline.max_features must be at least 1 or null, got {self.max_features}")
        if self.strength <= 0:
            raise SettingsError(f"model.baseline.strength must be positive, got {self.strength}")
        if self.window < 0:
            raise SettingsError(f"model.baseline.window must not be negative, got {self.window}")
