"""Settings of the word recogniser in front of a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.errors import SettingsError


class Backoff(Enum):
    """What stands for a word that the recogniser does not know."""

    pass_through = "pass_through"
    neutral = "neutral"
    background = "background"


def _training(epochs: float) -> TrainingSettings:
    return TrainingSettings(
        epochs=epochs, batch_size=32, optimizer=OptimizerSettings(learning_rate=5e-3, warmup_fraction=0.05)
    )


@dataclass
class WordRecognizerSettings:
    """The recogniser of BERT+WordRec, and how it is used. Paper: Sec. 4.5; Pruthi et al. (2019).

    The sizes, the edits and what is corrected are those of Pruthi et al. unless it says otherwise.
    """

    enabled: bool = False
    """Whether a recogniser corrects the words that the model reads."""
    backoff: Backoff = Backoff.background
    """Unknown words: pass_through keeps them; neutral makes them "a"; background asks a second recogniser,
    trained on the pretraining text, and keeps what that one does not know either."""
    keep_case: bool = True
    """Keep the case of words. The original lower-cases everything, which a cased trunk is not used to; the
    clean scores of the paper's Table 2 suggest that it did the same: set False to come closest to it."""
    correct_training: bool = False
    """Correct the training set too, so that the model is used to what the recogniser makes of text."""
    hidden_size: int = 50
    """LSTM states per direction."""
    vocab_size: int = 10000
    """Most frequent words of the task's training text, which the recogniser knows."""
    background_vocab_size: int = 30000
    """Words that the background recogniser knows; 78,470 in the original, whose softmax takes much memory."""
    char_vocab_size: int = 200
    """Characters told apart, four reserved ids included."""
    max_words: int = 128
    """Words of a training sentence that are used; corrected sentences may be of any length."""
    noise_probability: float = 1.0
    """Share of words noised in training, in [0, 1]."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap", "keyboard"])
    """One is drawn, uniformly, for each noised word."""
    min_word_length: int = 3
    """Shorter words stay as they are, in characters."""
    training: TrainingSettings = field(default_factory=lambda: _training(10))
    """How the recogniser is trained."""
    background_training: TrainingSettings = field(default_factory=lambda: _training(2))
    """How the background recogniser is trained."""

    def __post_init__(self) -> None:
        """Check ranges; the noise checks its own."""
        for name in ("hidden_size", "vocab_size", "background_vocab_size", "max_words"):
            if getattr(self, name) < 1:
                raise SettingsError(f"model.recognizer.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.noise_probability <= 1:
            raise SettingsError(f"model.recognizer.noise_probability must be in [0, 1], got {self.noise_probability}")
