"""Settings of data preparation: steps applied to examples, and splits."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.data.noise import TRAINING_EDITS, Edit, check_edits
from charbert.config.data.splitting import SplitSettings
from charbert.errors import SettingsError


class PreparationStep(Enum):
    """A preparation step; `charbert/preparation` has a class for each."""

    unicode = "unicode"
    """Repair characters: wrong decoding, composed form, invisible and control characters, white space."""
    empty = "empty"
    """Drop examples with an empty or missing text or label."""
    labels = "labels"
    """Normalize labels: aliases, case, white space."""
    lengths = "lengths"
    """Drop texts much shorter or longer than the others."""
    duplicates = "duplicates"
    """Drop exact and near duplicates."""
    leakage = "leakage"
    """Find training examples that are also in the dev or test set, exactly or nearly."""
    suspicious = "suspicious"
    """Find labels that a model trained on the other examples considers unlikely."""
    augmentation = "augmentation"
    """Add changed copies of training examples."""
    balance = "balance"
    """Over- or undersample the classes of the training set."""


class UnicodeForm(Enum):
    """Unicode normalization form; see Unicode Standard Annex 15."""

    none = "none"
    """No normalization."""
    nfc = "nfc"
    """Letters and accents are composed; the appearance does not change."""
    nfkc = "nfkc"
    """As nfc, and variants (ligatures, full-width letters, fractions) become plain characters."""


class Conflict(Enum):
    """What happens to duplicates with different labels."""

    first = "first"
    """The first one is kept, as with equal labels."""
    majority = "majority"
    """The first one with the most frequent label is kept; none if two labels are equally frequent."""
    drop = "drop"
    """None is kept."""


class Finding(Enum):
    """What happens to an example that a check finds."""

    report = "report"
    """It is kept and listed."""
    drop = "drop"
    """It is dropped."""
    refuse = "refuse"
    """The run stops with an error that names it."""


class Sampling(Enum):
    """How classes are balanced."""

    over = "over"
    under = "under"


class ClassWeights(Enum):
    """Weights of the labels in the loss."""

    none = "none"
    """All labels have the same weight."""
    balanced = "balanced"
    """A label's weight is inversely proportional to its frequency."""
    root = "root"
    """A label's weight is inversely proportional to the square root of its frequency; for tags, most of which are O."""


@dataclass
class UnicodeSettings:
    """Repair of characters."""

    form: UnicodeForm = UnicodeForm.nfc
    """Unicode normalization form."""
    mojibake: bool = True
    """Repair text that was decoded with the wrong encoding (``MalmÃ¶``), with ftfy."""
    html: bool = True
    """Replace HTML entities (``&amp;``) in texts without ``<``."""
    plain_quotes: bool = False
    """Replace curly quotation marks by straight ones."""
    whitespace: bool = True
    """Replace white space by single spaces and strip the ends; contexts of questions are not changed."""


@dataclass
class EmptySettings:
    """Texts and labels that count as missing."""

    markers: list[str] = field(default_factory=lambda: ["nan", "null", "n/a", "#n/a", "<na>"])
    """Texts or labels, in any case, that mean a missing value. White space alone always does."""


@dataclass
class LabelSettings:
    """Normalization of labels; an example whose label is not one of the task's is dropped."""

    aliases: dict[str, str] = field(default_factory=dict)
    """Labels in the file and their replacements; for entity tags the type is enough (PERSON: PER)."""
    ignore_case: bool = True
    """Merge labels that differ only in case, into the task's spelling or else the most frequent one."""


@dataclass
class LengthSettings:
    """Length outliers, in words. The length of a question's context is ignored."""

    min_words: int = 1
    """Shorter texts are dropped."""
    max_words: int | None = None
    """Longer texts are dropped; null: no limit."""
    fence: float = 3.0
    """Texts more than this many interquartile ranges outside the quartiles of the logarithmic length are dropped; 0:
    none."""

    def __post_init__(self) -> None:
        check_range("preparation.lengths", self, "[0, inf)", "min_words", "fence")
        if self.max_words is not None and self.max_words < max(1, self.min_words):
            raise SettingsError(
                f"preparation.lengths.max_words must be null or at least min_words ({self.min_words}), "
                f"got {self.max_words}"
            )


@dataclass
class NearSettings:
    """Near duplicates: MinHash finds candidate pairs, the exact similarity decides."""

    similarity: float = 0.8
    """Jaccard similarity of character n-grams from which two texts are near duplicates, in (0, 1]. In text pairs both
    texts must reach it. 0: exact duplicates only."""
    ngram: int = 5
    """Length of an n-gram, in characters."""
    min_words: int = 6
    """Texts with fewer words are compared exactly, since small changes in short texts change the meaning. In scripts
    without spaces between words each character counts as one."""
    permutations: int = 128
    """Size of a MinHash, at least 16. Larger: fewer missed pairs, more time."""

    def __post_init__(self) -> None:
        check_range("preparation.near", self, "[0, 1]", "similarity")
        check_range("preparation.near", self, "[1, inf)", "ngram")
        check_range("preparation.near", self, "[0, inf)", "min_words")
        check_range("preparation.near", self, "[16, inf)", "permutations")


@dataclass
class DuplicateSettings:
    """Duplicates within a set."""

    conflicts: Conflict = Conflict.first
    """What happens to exact duplicates with different labels."""


@dataclass
class LeakageSettings:
    """Training examples that are also in the dev or test set."""

    action: Finding = Finding.refuse
    """What happens to training examples that are also in the dev or test set."""


@dataclass
class SuspiciousSettings:
    """Labels that cross-validated probabilities contradict."""

    probabilities: str | None = None
    """A JSONL file with one line per example, in the order of the data file: ``probabilities`` by label name, or
    ``predicted`` and ``probability`` as in the predictions of a cross-validated model. They must come from models not
    trained on the example. null: cross-validated logistic regression on TF-IDF."""
    folds: int = 5
    """Number of folds of that cross-validation, at least 2."""
    method: str = "prune_by_noise_rate"
    """``filter_by`` of cleanlab: prune_by_noise_rate, prune_by_class, both, confident_learning, predicted_neq_given,
    low_normalized_margin or low_self_confidence."""
    action: Finding = Finding.report
    """What happens to examples with such labels."""
    top: int | None = None
    """Maximum number of examples, the most suspicious first; null: all."""

    def __post_init__(self) -> None:
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
        check_range("preparation.suspicious", self, "[2, inf)", "folds")
        check_range("preparation.suspicious", self, "[1, inf)", "top")


@dataclass
class AugmentationSettings:
    """Changed copies of training examples, in addition to the originals."""

    share: float = 0.3
    """Share of the examples that are copied, in [0, 1]."""
    copies: int = 1
    """Number of copies of each copied example."""
    operations: list[str] = field(default_factory=lambda: ["noise", "synonyms", "deletion", "swap"])
    """One is drawn uniformly for each copy: ``noise`` (one-character edits), ``synonyms`` (from the file ``synonyms``;
    skipped without a file), ``deletion`` of words, ``swap`` of neighboring words."""
    word_share: float = 0.1
    """Share of words changed, in (0, 1]; at least one word."""
    edits: list[Edit] = field(default_factory=lambda: list(TRAINING_EDITS))
    """Edits of ``noise``."""
    min_word_length: int = 4
    """Minimum length of a word changed by ``noise``, in characters."""
    synonyms: str | None = None
    """A file with one word per line, followed by a tab and its synonyms, separated by commas."""
    contexts: bool = False
    """Questions: whether to change words of the contexts too, outside the answers; answer positions are updated."""

    def __post_init__(self) -> None:
        section = "preparation.augmentation"
        check_range(section, self, "[0, 1]", "share")
        check_range(section, self, "(0, 1]", "word_share")
        check_range(section, self, "[1, inf)", "copies")
        check_edits(section, self.edits, self.min_word_length)
        known = ("noise", "synonyms", "deletion", "swap")
        if not self.operations or set(self.operations) - set(known) or len(set(self.operations)) < len(self.operations):
            raise SettingsError(
                f"{section}.operations must list some of {', '.join(known)}, each once, got {self.operations}"
            )


@dataclass
class BalanceSettings:
    """Balance of classes: labels; in questions, answerable or not; in tagging, the rarest entity type or tag."""

    sampling: Sampling = Sampling.over
    """over: repeat examples of rarer classes; under: drop examples of larger ones."""
    ratio: float = 1.0
    """In (0, 1]. over: rarer classes grow to this share of the largest; under: larger classes shrink to the size of the
    smallest divided by this. 1: all classes have the same size."""

    def __post_init__(self) -> None:
        check_range("preparation.balance", self, "(0, 1]", "ratio")


@dataclass
class PreparationSettings:
    """Preparation of examples before training; off unless steps are listed."""

    name: str = "none"
    """Name of the preparation in folder names."""
    steps: list[PreparationStep] = field(default_factory=list)
    """The steps, in order."""
    held_out_steps: list[PreparationStep] = field(
        default_factory=lambda: [PreparationStep.unicode, PreparationStep.empty, PreparationStep.labels]
    )
    """The steps that ``experiments/prepare.py`` also applies to dev and test sets. Fine-tuning never changes these
    sets, so that scores stay comparable."""
    seed: int = 0
    """Seed of splits, folds, augmentation and balance; the same for all models."""
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
    """Weights of the labels in the fine-tuning loss."""
    split: SplitSettings = field(default_factory=SplitSettings)
    """Used only by ``experiments/prepare.py``."""

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise SettingsError(f"preparation.steps must list each step once, got {', '.join(names)}")
