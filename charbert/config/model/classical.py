"""Settings of baselines without a trunk."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.errors import SettingsError


class BaselineKind(Enum):
    """Model used instead of a neural one."""

    none = "none"
    majority = "majority"
    tfidf = "tfidf"
    overlap = "overlap"


class Units(Enum):
    """Unit of an n-gram."""

    word = "word"
    char = "char"


@dataclass
class BaselineSettings:
    """A model without a trunk, fitted in seconds."""

    kind: BaselineKind = BaselineKind.none
    """none: a neural model; majority: the most frequent label (in tagging, each word's most frequent tag); tfidf:
    logistic regression on TF-IDF weighted n-grams (in question answering, the passage sentence most similar to the
    question); overlap: for pairs of texts, logistic regression on the share of each text's words found in the other."""
    units: Units = Units.word
    """n-grams of words, or of characters inside words."""
    ngrams: list[int] = field(default_factory=lambda: [1, 2])
    """Shortest and longest n-gram."""
    min_count: int = 2
    """Minimum number of training rows that contain an n-gram; at least 1."""
    max_features: int | None = 200_000
    """Number of n-grams kept, the most frequent first; null: all."""
    C: float = 1.0
    """Inverse of the L2 penalty of the regression, above 0."""
    window: int = 1
    """Tagging: number of neighbor words on each side whose n-grams are features too; 0 or more."""

    def __post_init__(self) -> None:
        if len(self.ngrams) != 2 or not 1 <= self.ngrams[0] <= self.ngrams[1]:
            raise SettingsError(f"model.baseline.ngrams must be the shortest and the longest n-gram, got {self.ngrams}")
        check_range("model.baseline", self, "[1, inf)", "min_count", "max_features")
        check_range("model.baseline", self, "(0, inf)", "C")
        check_range("model.baseline", self, "[0, inf)", "window")
