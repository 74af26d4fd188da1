"""Settings of looking into one decision of a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from charbert.errors import SettingsError


class Baseline(Enum):
    """What a subword is compared with: the input of which nothing can be learned."""

    mask = "mask"
    pad = "pad"
    zero = "zero"


@dataclass
class ExplainSettings:
    """Whose decision, on what, and how closely it is looked at."""

    model: str = ""
    """Folder of a fine-tuned model; empty: that of ``task``, ``model`` and ``seed``, fine-tuned when it is missing."""
    text: str = ""
    """The text: a sentence, the first text of a pair, or a context. Empty: an example of the test set."""
    text_pair: str = ""
    """The second text of a pair, or the question to a context."""
    example: int = 0
    """Which example of the test set, counted from 0."""
    attacked: bool = True
    """Whether the same text with typos, from ``attack``, is looked at beside it."""
    word: int | None = None
    """For taggers, the word whose tag is explained, counted from 0; null: each word that the model finds an entity in,
    up to ``max_targets``, or the first word where there is none."""
    label: str = ""
    """Label whose logit is explained; empty: the one that the model chooses."""
    max_targets: int = 4
    """Most tags that are explained."""
    steps: int = 64
    """Points on the path of integrated gradients; doubled until the sum is complete."""
    max_steps: int = 1024
    """Most points; where the sum is not complete then, the page says so."""
    tolerance: float = 0.02
    """How far the sum of the attributions may lie from the difference of the outputs, as a share of that difference."""
    baseline: Baseline = Baseline.mask
    """mask and pad: the embedding of that subword in place of every word's subwords; zero: no embedding at all. The
    characters' baseline is always no embedding."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("max_targets", "steps", "max_steps"):
            if getattr(self, name) < 1:
                raise SettingsError(f"explain.{name} must be at least 1, got {getattr(self, name)}")
        if self.max_steps < self.steps:
            raise SettingsError(f"explain.max_steps must be at least explain.steps={self.steps}, got {self.max_steps}")
        for name in ("example", "word"):
            if getattr(self, name) is not None and getattr(self, name) < 0:
                raise SettingsError(f"explain.{name} must be 0 or more, got {getattr(self, name)}")
        if not 0 < self.tolerance < 1:
            raise SettingsError(f"explain.tolerance must be in (0, 1), got {self.tolerance}")
        if self.text_pair and not self.text:
            raise SettingsError("explain.text_pair needs explain.text beside it")
