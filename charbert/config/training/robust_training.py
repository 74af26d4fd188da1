"""Settings of fine-tuning with typos."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.data.noise import TRAINING_EDITS, Edit, Letters, check_edits


class RobustMethod(Enum):
    """How fine-tuning uses noised text."""

    none = "none"
    adversarial = "adversarial"
    consistency = "consistency"


class Divergence(Enum):
    """Direction of the divergence between predictions on clean and noised text."""

    from_clean = "from_clean"
    symmetric = "symmetric"


@dataclass
class RobustTrainingSettings:
    """Typos in fine-tuning, new in each epoch; labels do not change. Words are chosen as in `AttackSettings`."""

    method: RobustMethod = RobustMethod.none
    """adversarial: a share of the examples is read noised instead of clean; consistency: consistency training, in
    which each example is read clean and predictions on a noised copy are trained toward those on the clean text."""
    examples: float = 0.5
    """Share of the examples noised in an epoch, in [0, 1]; drawn anew in each epoch."""
    words: float = 1.0
    """Share of the eligible words noised in such an example, in [0, 1]."""
    edits: list[Edit] = field(default_factory=lambda: list(TRAINING_EDITS))
    """One is drawn, uniformly, for each noised word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters; at least 3."""
    letters: Letters = Letters.both
    """Inserted letters: both (upper and lower case) or lower."""
    weight: float = 1.0
    """Consistency training: weight of the divergence, added to the loss on the labels; 0 or more."""
    divergence: Divergence = Divergence.from_clean
    """Consistency training. from_clean: the predictions on clean text are a fixed target; symmetric: both are trained
    toward each other."""

    def __post_init__(self) -> None:
        check_range("robust_training", self, "[0, 1]", "examples", "words")
        check_range("robust_training", self, "[0, inf)", "weight")
        check_edits("robust_training", self.edits, self.min_word_length)
