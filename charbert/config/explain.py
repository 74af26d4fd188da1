"""Settings of explaining one prediction of a model."""

from dataclasses import dataclass
from enum import Enum

from charbert.config.checks import check_range
from charbert.errors import SettingsError


class Baseline(Enum):
    """Baseline input of integrated gradients."""

    mask = "mask"
    pad = "pad"
    zero = "zero"


@dataclass
class ExplainSettings:
    """Explanation of one prediction by integrated gradients."""

    model: str = ""
    """Folder of a fine-tuned model; empty: the model of ``task``, ``model`` and ``seed``, fine-tuned if missing."""
    text: str = ""
    """The text: a sentence, the first text of a pair, or a context. Empty: a test example, see ``example``."""
    text_pair: str = ""
    """The second text of a pair, or the question about a context."""
    example: int = 0
    """Index of the test example, from 0."""
    attacked: bool = True
    """Whether to explain the same text with typos of ``attack`` too."""
    word: int | None = None
    """Tagging: index of the word whose tag is explained, from 0. null: each word predicted as part of an entity, up to
    ``max_targets``; the first word if there is none."""
    label: str = ""
    """Label whose logit is explained; empty: the predicted label."""
    max_targets: int = 4
    """Maximum number of tags explained; at least 1."""
    steps: int = 64
    """Points on the path of integrated gradients; doubled until ``tolerance`` is met."""
    max_steps: int = 1024
    """Maximum number of points; the page says so if ``tolerance`` is not met with them."""
    tolerance: float = 0.02
    """Largest error of the sum of attributions, as a share of the difference between the outputs; in (0, 1)."""
    baseline: Baseline = Baseline.mask
    """mask, pad: the embedding of this special subword in place of all subwords; zero: zero embeddings. The baseline of
    the characters is always zero."""

    def __post_init__(self) -> None:
        check_range("explain", self, "[1, inf)", "max_targets", "steps", "max_steps")
        if self.max_steps < self.steps:
            raise SettingsError(f"explain.max_steps must be at least explain.steps={self.steps}, got {self.max_steps}")
        check_range("explain", self, "[0, inf)", "example", "word")
        check_range("explain", self, "(0, 1)", "tolerance")
        if self.text_pair and not self.text:
            raise SettingsError("explain.text_pair needs explain.text, too")
