"""Settings of the paper's analyses (Sec. 1 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.errors import SettingsError


class Stage(Enum):
    """Which weights of a model are looked at."""

    pretrained = "pretrained"
    finetuned = "finetuned"


@dataclass
class SensitivitySettings:
    """Whose states are compared, and on which sentence word by word. Paper: Fig. 5."""

    stage: Stage = Stage.finetuned
    """finetuned: after fine-tuning on the task; pretrained: before it, which for BERT is the trunk."""
    sentence: str = "Shipowners in Rotterdam cancelled several departures because engineers expected heavy storms"
    """The sentence shown word by word, words separated by blanks; our own, so that no data set is quoted."""

    def __post_init__(self) -> None:
        """Check that there is a word to show."""
        if not self.sentence.split():
            raise SettingsError("analysis.sensitivity.sentence must have a word, got an empty one")


@dataclass
class TaggerSettings:
    """The BiLSTM that reads frozen states. Paper: Fig. 6, which gives no sizes."""

    hidden_size: int = 256
    """Size of the LSTM's state in each direction."""
    num_layers: int = 1
    """LSTM layers."""
    dropout: float = 0.3
    """Share of the inputs, and of the states before the classifier, that is dropped in training; in [0, 1)."""
    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=10, batch_size=32, checkpoints=0, optimizer=OptimizerSettings(learning_rate=1e-3)
        )
    )
    """How the tagger is trained; ``max_length`` is the fine-tuning's, since it cuts what the encoder reads."""

    def __post_init__(self) -> None:
        """Check sizes."""
        for name in ("hidden_size", "num_layers"):
            if getattr(self, name) < 1:
                raise SettingsError(f"analysis.tagger.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"analysis.tagger.dropout must be in [0, 1), got {self.dropout}")


@dataclass
class FragilitySettings:
    """Whose subwords are counted. Paper: Sec. 1."""

    vocabulary: str | None = None
    """A WordPiece vocabulary, one subword a line, in place of the trunk's tokenizer; its file name names the row."""
    lower_case: bool = False
    """Whether that vocabulary is uncased."""


@dataclass
class CharChannelSettings:
    """On what text an encoder is asked how much its characters tell."""

    texts: int = 200
    """Blocks of the held-out corpus that are read, from its beginning."""

    def __post_init__(self) -> None:
        """Check that there is a text."""
        if self.texts < 1:
            raise SettingsError(f"analysis.char_channel.texts must be at least 1, got {self.texts}")


@dataclass
class AnalysisSettings:
    """What is looked at beside the scores."""

    sensitivity: SensitivitySettings = field(default_factory=SensitivitySettings)
    tagger: TaggerSettings = field(default_factory=TaggerSettings)
    fragility: FragilitySettings = field(default_factory=FragilitySettings)
    char_channel: CharChannelSettings = field(default_factory=CharChannelSettings)
