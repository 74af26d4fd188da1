"""Settings of model compression."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.errors import SettingsError


class Variant(Enum):
    """Form of a model."""

    original = "original"
    onnx = "onnx"
    onnx_int8 = "onnx_int8"
    half = "half"
    pruned = "pruned"


@dataclass
class CompressionSettings:
    """Smaller forms of a fine-tuned model and how they are measured."""

    variants: list[Variant] = field(default_factory=lambda: list(Variant))
    """original: as fine-tuned, in PyTorch; onnx: exported; onnx_int8: exported with 8-bit weights; half: 16-bit
    weights on disk; pruned: the smallest weights set to zero, one model per value of ``pruned_shares``."""
    pruned_shares: list[float] = field(default_factory=lambda: [0.3, 0.5, 0.7])
    """Shares of the encoder's matrices set to zero, each in (0, 1); embeddings and the head are not pruned."""
    recovery_steps: int = 0
    """Fine-tuning steps after pruning, at the rates of ``finetuning``; pruned weights stay zero. 0: none."""
    folders: dict[str, str] = field(default_factory=dict)
    """More models fine-tuned on the same task (a distilled one, for example), by their label in the table:
    ``+compression.folders.student=FOLDER``."""
    distance: float = 0.2
    """Largest mean distance of the int8 logits from the exported model's, as a share of their standard deviation; above
    0. A model beyond it is rejected with an error."""
    max_examples: int | None = None
    """Number of test examples scored, spread evenly over the set; null: all."""
    eval_sets: list[str] = field(default_factory=list)
    """Names of the attacked eval sets scored in addition to the clean one; empty: all."""
    threads: int = 1
    """Threads of PyTorch and ONNX Runtime in timing and scoring."""
    timed_examples: int = 64
    """Number of test examples timed, one at a time and in batches of 32."""

    def __post_init__(self) -> None:
        if not self.variants and not self.folders:
            raise SettingsError("compression.variants is empty; name a variant, or a folder in compression.folders")
        for share in self.pruned_shares:
            if not 0 < share < 1:
                raise SettingsError(f"compression.pruned_shares must be in (0, 1), got {share}")
        check_range("compression", self, "[0, inf)", "recovery_steps")
        check_range("compression", self, "[1, inf)", "threads", "timed_examples", "max_examples")
        check_range("compression", self, "(0, inf)", "distance")
