"""Settings of fine-tuning on noised text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.data.sets import check_edits
from charbert.errors import SettingsError


class RobustMethod(Enum):
    """What fine-tuning does with noised text."""

    none = "none"
    adversarial = "adversarial"
    self_teaching = "self_teaching"


class Divergence(Enum):
    """Which way predictions on the clean and on the noised copy are drawn together."""

    from_clean = "from_clean"
    symmetric = "symmetric"


@dataclass
class RobustTrainingSettings:
    """Typos in fine-tuning, new in every epoch, labels kept; the rule of the words is that of `AttackSettings`."""

    method: RobustMethod = RobustMethod.none
    """adversarial: a share of the examples is read noised instead of clean; self_teaching: each example is read clean,
    and the predictions on a noised copy are drawn to those on the clean one."""
    examples: float = 0.5
    """Share of the examples noised in an epoch, in [0, 1]; each epoch draws others."""
    words: float = 1.0
    """Share of the eligible words of such an example that are noised, in [0, 1]."""
    edits: list[str] = field(default_factory=lambda: ["drop", "add", "swap", "keyboard"])
    """One is drawn, uniformly, for each noised word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters."""
    letters: str = "both"
    """Inserted letters: both cases, or lower."""
    weight: float = 1.0
    """Self-teaching: weight of the divergence beside the loss of the labels, 0 or more."""
    divergence: Divergence = Divergence.from_clean
    """Self-teaching: from_clean: only the noised copy learns, the clean predictions are its target; symmetric: both
    learn from each other."""

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
