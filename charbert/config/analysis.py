"""Settings of the paper's analyses (Sec. 1 and 5)."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.identity import omit_default_section
from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.errors import SettingsError


class Stage(Enum):
    """Which weights of a model are analyzed."""

    pretrained = "pretrained"
    finetuned = "finetuned"


@dataclass
class SensitivitySettings:
    """Weights and sentence of the sensitivity analysis. Paper: Fig. 5."""

    stage: Stage = Stage.finetuned
    """finetuned: the model after fine-tuning on the task; pretrained: the encoder before it (for BERT, the trunk)."""
    sentence: str = "Shipowners in Rotterdam cancelled several departures because engineers expected heavy storms"
    """The sentence shown word by word, words separated by spaces. The default comes from no data set."""

    def __post_init__(self) -> None:
        if not self.sentence.split():
            raise SettingsError("analysis.sensitivity.sentence must have a word, got an empty one")


@dataclass
class TaggerSettings:
    """The BiLSTM tagger on frozen encoder states. Paper: Fig. 6, which gives no sizes."""

    hidden_size: int = 256
    """Size of the LSTM's state in each direction."""
    num_layers: int = 1
    """LSTM layers."""
    dropout: float = 0.3
    """Dropout on the inputs and on the states before the classifier, in [0, 1)."""
    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=10, batch_size=32, checkpoints=0, optimizer=OptimizerSettings(learning_rate=1e-3)
        )
    )
    """How the tagger is trained. ``max_length`` is that of ``finetuning``, since it limits the encoder's input."""

    def __post_init__(self) -> None:
        check_range("analysis.tagger", self, "[1, inf)", "hidden_size", "num_layers")
        check_range("analysis.tagger", self, "[0, 1)", "dropout")


@dataclass
class FragilitySettings:
    """Vocabulary of the subword statistics. Paper: Sec. 1."""

    vocabulary: str | None = None
    """A WordPiece vocabulary file, one subword per line, instead of the trunk's tokenizer; it names the row."""
    lower_case: bool = False
    """Whether that vocabulary is uncased."""


@dataclass
class CharChannelSettings:
    """Text of the char channel analysis: how much information an encoder's characters carry."""

    texts: int = 200
    """Number of blocks read, from the beginning of the held-out corpus; at least 1."""

    def __post_init__(self) -> None:
        check_range("analysis.char_channel", self, "[1, inf)", "texts")


@dataclass
class CorrectionSettings:
    """Typo correction: what is corrected, and when an NLM head changes a word."""

    text: str | None = None
    """File of text below ``data.root``, a paragraph a line, corrected after each attack beside the task's test set;
    null: the held-out corpus, ``data.corpus.dev``."""
    words: int = 20_000
    """Words and punctuation marks read, in whole paragraphs from the beginning of the text; at least 1."""
    threshold: float = 0.5
    """An NLM head replaces a word by another one that has more than this share of the probability of all words near it,
    in [0, 1)."""

    def __post_init__(self) -> None:
        check_range("analysis.correction", self, "[1, inf)", "words")
        check_range("analysis.correction", self, "[0, 1)", "threshold")


@dataclass
class AnalysisSettings:
    """Analyses beyond the scores."""

    sensitivity: SensitivitySettings = field(default_factory=SensitivitySettings)
    tagger: TaggerSettings = field(default_factory=TaggerSettings)
    fragility: FragilitySettings = field(default_factory=FragilitySettings)
    char_channel: CharChannelSettings = field(default_factory=CharChannelSettings)
    correction: CorrectionSettings = omit_default_section(CorrectionSettings)
