"""Settings of the word recognizer in front of a model."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.data.noise import TRAINING_EDITS, Edit, check_edits
from charbert.config.training.trainer import OptimizerSettings, TrainingSettings


class Backoff(Enum):
    """Replacement of a word that the recognizer does not know."""

    pass_through = "pass_through"
    neutral = "neutral"
    background = "background"


def _training(epochs: float) -> TrainingSettings:
    return TrainingSettings(
        epochs=epochs, batch_size=32, optimizer=OptimizerSettings(learning_rate=5e-3, warmup_fraction=0.05)
    )


@dataclass
class WordRecognizerSettings:
    """The word recognizer of BERT+WordRec. Paper: Sec. 4.5; Pruthi et al. (2019).

    Sizes, edits and corrected texts are those of Pruthi et al. unless stated otherwise.
    """

    enabled: bool = False
    """Whether a recognizer corrects the words that the model reads."""
    backoff: Backoff = Backoff.background
    """Unknown words. pass_through: kept; neutral: replaced by "a"; background: corrected by a second recognizer,
    trained on the pretraining text, and kept if that one does not know them either."""
    keep_case: bool = True
    """Whether to keep the case of words. The original lower-cases everything, which does not suit a cased trunk; the
    clean scores of the paper's Table 2 suggest that the paper did so too. Use false to be closest to the paper."""
    correct_training: bool = False
    """Whether to correct the training set too, so that the model is trained on corrected text."""
    hidden_size: int = 50
    """Size of the LSTM's state per direction."""
    vocab_size: int = 10000
    """Number of words that the recognizer knows: the most frequent ones of the task's training text."""
    background_vocab_size: int = 30000
    """Number of words that the background recognizer knows; 78,470 in the original, whose softmax needs much memory."""
    char_vocab_size: int = 200
    """Size of the character vocabulary, four reserved ids included."""
    max_words: int = 128
    """Maximum length of a training sentence, in words; corrected sentences may have any length."""
    noise_probability: float = 1.0
    """Share of words noised in training, in [0, 1]."""
    edits: list[Edit] = field(default_factory=lambda: list(TRAINING_EDITS))
    """One is drawn, uniformly, for each noised word."""
    min_word_length: int = 3
    """Minimum length of a noised word, in characters."""
    training: TrainingSettings = field(default_factory=lambda: _training(10))
    """Training of the recognizer."""
    background_training: TrainingSettings = field(default_factory=lambda: _training(2))
    """Training of the background recognizer."""

    def __post_init__(self) -> None:
        section = "model.recognizer"
        check_range(section, self, "[1, inf)", "hidden_size", "vocab_size", "background_vocab_size", "max_words")
        check_range(section, self, "[0, 1]", "noise_probability")
        check_edits(section, self.edits, self.min_word_length)
