"""Settings of data preparation: which steps examples go through before a model sees them, and how a set is split."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.data.splitting import SplitSettings
from charbert.errors import SettingsError


class PreparationStep(Enum):
    """What can be done to examples; `charbert/preparation` has a class for each."""

    unicode = "unicode"
    """Repair characters: mojibake, composed form, invisible and control characters, white space."""
    empty = "empty"
    """Drop examples with an empty or missing text or label."""
    labels = "labels"
    """Write each label in one way: aliases, stray case and white space."""
    lengths = "lengths"
    """Drop texts that are far shorter or longer than the others."""
    duplicates = "duplicates"
    """Drop repetitions, exact and near ones."""
    leakage = "leakage"
    """Look for training examples that stand in the dev or test set too, exactly or nearly."""
    suspicious = "suspicious"
    """Look for labels that a model trained on the other examples does not believe."""
    augmentation = "augmentation"
    """Add changed copies of training examples."""
    balance = "balance"
    """Over- or under-sample the classes of the training examples."""


class UnicodeForm(Enum):
    """How characters are composed; see Unicode Standard Annex 15."""

    none = "none"
    """As they are."""
    nfc = "nfc"
    """An accent joins its letter; nothing that is seen changes."""
    nfkc = "nfkc"
    """As nfc, and variants become their plain characters: ligatures, full-width letters, fractions."""


class Conflict(Enum):
    """What happens to repetitions with different labels."""

    first = "first"
    """The first one stays, as with equal labels."""
    majority = "majority"
    """The first one with the most frequent label stays; none where two labels are as frequent."""
    drop = "drop"
    """None stays."""


class Finding(Enum):
    """What happens to an example that a check points at."""

    report = "report"
    """It stays and is listed."""
    drop = "drop"
    """It is dropped."""
    refuse = "refuse"
    """The run ends with an error that names it."""


class Sampling(Enum):
    """How classes are balanced."""

    over = "over"
    """Examples of rarer classes are repeated."""
    under = "under"
    """Examples of more frequent classes are left out."""


class ClassWeights(Enum):
    """What an example's share of the loss depends on."""

    none = "none"
    """Every label counts the same."""
    balanced = "balanced"
    """A label counts in inverse proportion to its frequency."""
    root = "root"
    """In inverse proportion to the square root of its frequency: milder, for tags of which most are O."""


@dataclass
class UnicodeSettings:
    """Repair of characters."""

    form: UnicodeForm = UnicodeForm.nfc
    """Composition of characters."""
    mojibake: bool = True
    """Undo text that was decoded with the wrong encoding (``MalmÃ¶``), by ftfy."""
    html: bool = True
    """Undo HTML entities (``&amp;``) in texts without ``<``."""
    plain_quotes: bool = False
    """Make curly quotation marks straight."""
    whitespace: bool = True
    """Make each run of white space one space and take it off the ends; the contexts of questions keep theirs."""


@dataclass
class EmptySettings:
    """What counts as missing."""

    markers: list[str] = field(default_factory=lambda: ["nan", "null", "n/a", "#n/a", "<na>"])
    """Whole texts or labels, in any case, that stand for none, as nothing but white space does."""


@dataclass
class LabelSettings:
    """Clean-up of labels; a label that the task cannot have is dropped with its example in the end."""

    aliases: dict[str, str] = field(default_factory=dict)
    """Labels as they are written, and as they should be; for entity tags the type is enough (PERSON: PER)."""
    ignore_case: bool = True
    """Join labels that differ in case only: to what the task lists, else to the most frequent way of writing."""


@dataclass
class LengthSettings:
    """Length outliers, in words; of a question's context the length does not count."""

    min_words: int = 1
    """Shorter texts are dropped."""
    max_words: int | None = None
    """Longer texts are dropped; None: no limit."""
    fence: float = 3.0
    """Texts further than this many interquartile ranges outside the quartiles are dropped, lengths taken on a
    logarithmic scale; 0: none."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.min_words < 0 or self.fence < 0:
            raise SettingsError(
                f"preparation.lengths.min_words and fence must be 0 or more, got {self.min_words} and {self.fence}"
            )
        if self.max_words is not None and self.max_words < max(1, self.min_words):
            raise SettingsError(
                f"preparation.lengths.max_words must be null or at least min_words ({self.min_words}), "
                f"got {self.max_words}"
            )


@dataclass
class NearSettings:
    """When two texts are nearly the same: MinHash finds candidates, the exact similarity decides."""

    similarity: float = 0.8
    """Jaccard similarity of their character n-grams from which two texts are near duplicates, in (0, 1]; every text
    of a pair must reach it. 0: exact duplicates only."""
    ngram: int = 5
    """Characters of an n-gram."""
    min_words: int = 6
    """A text with fewer words is compared exactly: of short texts nearly equal ones say different things."""
    permutations: int = 128
    """Size of a MinHash; more miss fewer pairs and take longer."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 <= self.similarity <= 1:
            raise SettingsError(f"preparation.near.similarity must be in [0, 1], got {self.similarity}")
        for name, least in (("ngram", 1), ("min_words", 0), ("permutations", 16)):
            if getattr(self, name) < least:
                raise SettingsError(f"preparation.near.{name} must be at least {least}, got {getattr(self, name)}")


@dataclass
class DuplicateSettings:
    """Repetitions within a set."""

    conflicts: Conflict = Conflict.first
    """Exact repetitions with different labels."""


@dataclass
class LeakageSettings:
    """Training examples that stand in the dev or test set as well."""

    action: Finding = Finding.refuse
    """What happens to them."""


@dataclass
class SuspiciousSettings:
    """Labels that cross-validated confidence speaks against."""

    probabilities: str | None = None
    """A JSONL file with one line an example, in the order of the file: the ``probabilities`` of the labels by name, or
    ``predicted`` and ``probability`` as the predictions of a cross-validated model have them. They must come from
    models that had not seen the example. None: logistic regression on TF-IDF, cross-validated here."""
    folds: int = 5
    """Of that cross-validation."""
    method: str = "prune_by_noise_rate"
    """Which labels are suspicious, a ``filter_by`` of cleanlab: prune_by_noise_rate, prune_by_class, both,
    confident_learning, predicted_neq_given, low_normalized_margin or low_self_confidence."""
    action: Finding = Finding.report
    """What happens to examples with such labels."""
    top: int | None = None
    """At most this many, the least believed first; None: all."""

    def __post_init__(self) -> None:
        """Check ranges."""
        known = (
            "prune_by_noise_rate",
            "prune_by_class",
            "both",
            "confident_learning",
            "predicted_neq_given",
            "low_normalized_margin",
            "low_self_confidence",
        )
        if self.method not in known:
            raise SettingsError(f"preparation.suspicious.method must be one of {', '.join(known)}, got {self.method}")
        if self.folds < 2:
            raise SettingsError(f"preparation.suspicious.folds must be at least 2, got {self.folds}")
        if self.top is not None and self.top < 1:
            raise SettingsError(f"preparation.suspicious.top must be at least 1 or null, got {self.top}")


@dataclass
class AugmentationSettings:
    """Changed copies of training examples; the examples themselves stay."""

    share: float = 0.3
    """Share of the examples that are copied, in [0, 1]."""
    copies: int = 1
    """Copies of each of them."""
    operations: list[str] = field(default_factory=lambda: ["noise", "synonyms", "deletion", "swap"])
    """One is drawn, uniformly, for each copy: ``noise`` (one-character edits), ``synonyms`` (of the file below),
    ``deletion`` of words, ``swap`` of neighbouring words. Without a file synonyms are left out."""
    word_share: float = 0.1
    """Share of the words that are changed, at least one, in (0, 1]."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap", "keyboard"])
    """Edits of ``noise``."""
    min_word_length: int = 4
    """Noise leaves shorter words as they are, in characters."""
    synonyms: str | None = None
    """A file of synonyms: a word, a tab and its synonyms with commas between them on each line."""
    contexts: bool = False
    """Questions: change words of the contexts too, outside the answers, whose places are counted anew."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 <= self.share <= 1:
            raise SettingsError(f"preparation.augmentation.share must be in [0, 1], got {self.share}")
        if not 0 < self.word_share <= 1:
            raise SettingsError(f"preparation.augmentation.word_share must be in (0, 1], got {self.word_share}")
        if self.copies < 1:
            raise SettingsError(f"preparation.augmentation.copies must be at least 1, got {self.copies}")
        known = ("noise", "synonyms", "deletion", "swap")
        if not self.operations or set(self.operations) - set(known) or len(set(self.operations)) < len(self.operations):
            raise SettingsError(
                f"preparation.augmentation.operations must list some of {', '.join(known)}, each once, "
                f"got {self.operations}"
            )


@dataclass
class BalanceSettings:
    """Balance of classes: labels; answerable or not (questions); the rarest type of entity or tag (tagging)."""

    sampling: Sampling = Sampling.over
    """Which classes are changed."""
    ratio: float = 1.0
    """over: rarer classes reach this share of the largest; under: larger classes come down to the smallest divided by
    this, in (0, 1]. 1: all classes are equal."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if not 0 < self.ratio <= 1:
            raise SettingsError(f"preparation.balance.ratio must be in (0, 1], got {self.ratio}")


@dataclass
class PreparationSettings:
    """What examples go through before a model sees them; off unless steps are listed."""

    name: str = "none"
    """Names the preparation in folders."""
    steps: list[PreparationStep] = field(default_factory=list)
    """The steps, in their order."""
    held_out_steps: list[PreparationStep] = field(
        default_factory=lambda: [PreparationStep.unicode, PreparationStep.empty, PreparationStep.labels]
    )
    """Those of the steps that ``experiments/prepare.py`` takes with dev and test sets too. Fine-tuning never changes
    them, so that its scores stay comparable."""
    seed: int = 0
    """Seed of all that is drawn: splits, folds, augmentation, balance; the same for all models."""
    unicode: UnicodeSettings = field(default_factory=UnicodeSettings)
    empty: EmptySettings = field(default_factory=EmptySettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    lengths: LengthSettings = field(default_factory=LengthSettings)
    near: NearSettings = field(default_factory=NearSettings)
    """Near duplicates, for ``duplicates``, ``leakage`` and splits."""
    duplicates: DuplicateSettings = field(default_factory=DuplicateSettings)
    leakage: LeakageSettings = field(default_factory=LeakageSettings)
    suspicious: SuspiciousSettings = field(default_factory=SuspiciousSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    balance: BalanceSettings = field(default_factory=BalanceSettings)
    class_weights: ClassWeights = ClassWeights.none
    """Weights of the labels in the loss of fine-tuning."""
    split: SplitSettings = field(default_factory=SplitSettings)
    """Read by ``experiments/prepare.py`` alone."""

    def __post_init__(self) -> None:
        """Check that no step is named twice."""
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise SettingsError(f"preparation.steps must list each step once, got {', '.join(names)}")
