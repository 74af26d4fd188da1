"""Settings of making a fine-tuned model smaller."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.errors import SettingsError


class Variant(Enum):
    """A form of a model."""

    original = "original"
    onnx = "onnx"
    onnx_int8 = "onnx_int8"
    half = "half"
    pruned = "pruned"


@dataclass
class CompressionSettings:
    """Which smaller forms of a model are made, and how all of them are measured."""

    variants: list[Variant] = field(default_factory=lambda: list(Variant))
    """original: as fine-tuned, in PyTorch; onnx: exported; onnx_int8: exported, weights of 8 bits; half: weights of
    16 bits on disk; pruned: the smallest weights zero, once for each of ``pruned_shares``."""
    pruned_shares: list[float] = field(default_factory=lambda: [0.3, 0.5, 0.7])
    """Shares of the encoder's matrices that are set to zero, each in (0, 1); embeddings and the head stay whole."""
    recovery_steps: int = 0
    """Steps of fine-tuning after pruning, in which zeros stay zero, at the rates of ``finetuning``; 0: none."""
    folders: dict[str, str] = field(default_factory=dict)
    """Models made elsewhere, by their label in the table, as ``+compression.folders.student=FOLDER``: a distilled one,
    for example. Fine-tuned on the same task."""
    distance: float = 0.2
    """An int8 model is refused if its logits lie further from the exported ones, on average, than this share of their
    standard deviation."""
    max_examples: int | None = None
    """Test examples that are scored, spread evenly over the set; null: all."""
    eval_sets: list[str] = field(default_factory=list)
    """Attacked copies of the test set that are scored beside the clean one, by name; empty: all."""
    threads: int = 1
    """Threads of PyTorch and of ONNX Runtime while a model is timed and scored."""
    timed_examples: int = 64
    """Test examples that are run to measure how long one takes, alone and in batches of 32."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if not self.variants and not self.folders:
            raise SettingsError("compression.variants is empty; name a variant, or a folder in compression.folders")
        for share in self.pruned_shares:
            if not 0 < share < 1:
                raise SettingsError(f"compression.pruned_shares must be in (0, 1), got {share}")
        for name, least in {"recovery_steps": 0, "threads": 1, "timed_examples": 1}.items():
            if getattr(self, name) < least:
                raise SettingsError(f"compression.{name} must be at least {least}, got {getattr(self, name)}")
        if self.max_examples is not None and self.max_examples < 1:
            raise SettingsError(f"compression.max_examples must be at least 1 or null, got {self.max_examples}")
        if self.distance <= 0:
            raise SettingsError(f"compression.distance must be positive, got {self.distance}")
