"""Settings of judging: what is made of a model's scores once it has answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.errors import SettingsError


@dataclass
class CalibrationSettings:
    """Calibration. None of it changes a model, so none of it is part of what identifies a result."""

    bins: int = 15
    """Parts of [0, 1] that confidences are sorted into for the calibration error and the reliability plot."""
    temperature: bool = True
    """Whether a temperature is fitted on the dev set and calibration at it is reported beside the model's own."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.bins < 1:
            raise SettingsError(f"calibration.bins must be at least 1, got {self.bins}")


class Rule(Enum):
    """How the members of an ensemble agree."""

    mean_logits = "mean_logits"
    mean_probabilities = "mean_probabilities"
    majority = "majority"


@dataclass
class EnsembleSettings:
    """Which finished cells answer together, and how."""

    rule: Rule = Rule.mean_logits
    """mean_logits, mean_probabilities, or majority: each member has one vote, a draw is decided by the mean of their
    probabilities."""
    models: list[str] = field(default_factory=list)
    """Rows whose cells are members, by the names in the tables (BERT, CharBERT); empty: that of ``model``."""
    seeds: list[int] = field(default_factory=list)
    """Seeds of these cells; empty: all that are finished."""
    records: list[str] = field(default_factory=list)
    """Names of records, as folders of ``results/RECIPE/records`` have them, in place of ``models`` and ``seeds``."""
    bags: int = 0
    """Bagging: this many models of ``model``, each trained without another part of the training set, in place of
    finished cells; 0: none."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.bags and self.bags < 3:
            raise SettingsError(f"ensemble.bags must be 3 or more, or 0 for none, got {self.bags}")
        if self.bags and (self.models or self.records or self.seeds):
            raise SettingsError("ensemble.bags trains its own members: leave models, seeds and records empty")


class MaskedUnit(Enum):
    """What pseudo-perplexity hides at a time."""

    word = "word"
    subword = "subword"


@dataclass
class PerplexitySettings:
    """How surprised models are by held-out text."""

    words: int = 2000
    """Words and punctuation marks that are scored, in texts drawn by ``seed`` from the held-out corpus."""
    text_words: int = 40
    """Runs without white space in a text: short enough that it fits the model when it is attacked, too."""
    mask: MaskedUnit = MaskedUnit.word
    """word: all subwords of a word are hidden together; subword: one at a time, while the rest of its word is seen,
    which makes long words look easier than they are."""
    batch_size: int = 64
    """Copies of a text, each with another word hidden, in one forward pass."""
    ngram_order: int = 3
    """Length of the n-grams of the baseline, in subwords; 2 to 4."""
    ngram_words: int | None = 1_000_000
    """Words of the training corpus that n-grams are counted on; null: as many as pretraining read."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("words", "text_words", "batch_size"):
            if getattr(self, name) < 1:
                raise SettingsError(f"perplexity.{name} must be at least 1, got {getattr(self, name)}")
        if not 2 <= self.ngram_order <= 4:
            raise SettingsError(f"perplexity.ngram_order must be in [2, 4], got {self.ngram_order}")
        if self.ngram_words is not None and self.ngram_words < 1:
            raise SettingsError(f"perplexity.ngram_words must be at least 1 or null, got {self.ngram_words}")
