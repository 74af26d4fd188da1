"""Settings of calibration, ensembles and perplexity."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.errors import SettingsError


@dataclass
class CalibrationSettings:
    """Calibration of predicted probabilities. Changes no model and is not part of a result's identity."""

    bins: int = 15
    """Number of confidence bins over [0, 1] for the calibration error and the reliability plot; at least 1."""
    temperature: bool = True
    """Whether to fit a temperature on the dev set and report calibration with and without it."""

    def __post_init__(self) -> None:
        check_range("calibration", self, "[1, inf)", "bins")


class Rule(Enum):
    """How an ensemble combines its members."""

    mean_logits = "mean_logits"
    mean_probabilities = "mean_probabilities"
    majority = "majority"


@dataclass
class EnsembleSettings:
    """Ensembles of finished runs."""

    rule: Rule = Rule.mean_logits
    """mean_logits; mean_probabilities; or majority: one vote per member, ties decided by the mean of the
    probabilities."""
    models: list[str] = field(default_factory=list)
    """Rows whose runs are members, by their names in the tables (BERT, CharBERT); empty: the row of ``model``."""
    seeds: list[int] = field(default_factory=list)
    """Seeds of these runs; empty: all finished ones."""
    records: list[str] = field(default_factory=list)
    """Names of records, as the folders of ``results/RECIPE/records``, instead of ``models`` and ``seeds``."""
    bags: int = 0
    """Bagging instead of finished runs: number of models of ``model``, each trained without a different part of the
    training set; 3 or more, or 0 for none."""

    def __post_init__(self) -> None:
        if self.bags and self.bags < 3:
            raise SettingsError(f"ensemble.bags must be 3 or more, or 0 for none, got {self.bags}")
        if self.bags and (self.models or self.records or self.seeds):
            raise SettingsError("ensemble.bags trains its own members: leave models, seeds and records empty")


class MaskedUnit(Enum):
    """What pseudo-perplexity masks at a time."""

    word = "word"
    subword = "subword"


@dataclass
class PerplexitySettings:
    """Perplexity of held-out text."""

    words: int = 2000
    """Number of words and punctuation marks scored, in texts drawn with ``seed`` from the held-out corpus."""
    text_words: int = 40
    """Length of a text in white-space separated words; it must fit the model after an attack, too."""
    mask: MaskedUnit = MaskedUnit.word
    """word: all subwords of a word are masked together; subword: one at a time with the rest of its word visible, which
    underestimates the perplexity of long words."""
    batch_size: int = 64
    """Copies of a text, each with a different word masked, per forward pass."""
    ngram_order: int = 3
    """Length of the baseline's n-grams, in subwords; 2 to 4."""
    ngram_words: int | None = 1_000_000
    """Words of the training corpus used to count n-grams; null: as many as in pretraining."""

    def __post_init__(self) -> None:
        check_range("perplexity", self, "[1, inf)", "words", "text_words", "batch_size", "ngram_words")
        check_range("perplexity", self, "[2, 4]", "ngram_order")
