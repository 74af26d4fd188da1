"""Settings of fine-tuning with typos."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.data.sets import check_edits
from charbert.errors import SettingsError


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
    """Typos in fine-tuning, new in each epoch; labels do not change. Words are chosen as in ``attack``."""

    method: RobustMethod = RobustMethod.none
    """adversarial: a share of the examples is read noised instead of clean; consistency: consistency training, in
    which each example is read clean and predictions on a noised copy are trained toward those on the clean text."""
    examples: float = 0.5
    """Share of the examples noised in an epoch, in [0, 1]; drawn anew in each epoch."""
    words: float = 1.0
    """Share of the eligible words noised in such an example, in [0, 1]."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap", "keyboard"])
    """One is drawn, uniformly, for each noised word."""
    min_word_length: int = 4
    """Minimum length of a noised word, in characters."""
    letters: str = "both"
    """Inserted letters: both (upper and lower case) or lower."""
    weight: float = 1.0
    """Consistency training: weight of the divergence, added to the loss on the labels; 0 or more."""
    divergence: Divergence = Divergence.from_clean
    """Consistency training. from_clean: the predictions on clean text are a fixed target; symmetric: both are trained
    toward each other."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("examples", "words"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"robust_training.{name} must be in [0, 1], got {getattr(self, name)}")
        if self.min_word_length < 3:
            raise SettingsError(
                f"robust_training.min_word_length must leave an inner character (>= 3), got {self.min_word_length}"
            )
        if self.letters not in ("both", "lower"):
            raise SettingsError(f"robust_training.letters must be both or lower, got {self.letters}")
        if self.weight < 0:
            raise SettingsError(f"robust_training.weight must be 0 or more, got {self.weight}")
        check_edits("robust_training.edits", self.edits)
