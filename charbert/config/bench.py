"""Settings of the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field

from charbert.errors import SettingsError


@dataclass
class ShapeSettings:
    """A trunk's size and a batch's."""

    hidden_size: int = 768
    """H."""
    layers: int = 12
    """Transformer layers."""
    heads: int = 12
    """Attention heads."""
    batch_size: int = 4
    """Sequences."""
    length: int = 384
    """Subwords per sequence."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("hidden_size", "layers", "heads", "batch_size", "length"):
            if getattr(self, name) < 1:
                raise SettingsError(f"bench shape: {name} must be at least 1, got {getattr(self, name)}")
        if self.hidden_size % (4 * self.heads):
            raise SettingsError(
                f"bench shape: hidden_size must be a multiple of 4 x heads, got {self.hidden_size} and {self.heads}"
            )


@dataclass
class BenchSettings:
    """What is measured, and how often."""

    repetitions: int = 7
    """Times that each competitor runs, in turns; the median counts."""
    base: ShapeSettings = field(default_factory=ShapeSettings)
    """The trunk of the paper's size."""
    small: ShapeSettings = field(default_factory=lambda: ShapeSettings(384, 6, 12, 24, 128))
    """The trunk of ``trunk=minilm``."""
    subwords: int = 28996
    """Vocabulary of the trunk; that of bert-base-cased."""
    words: int = 30001
    """Vocabulary of NLM; the authors'."""
    dropout: float = 0.1
    """Where a figure is taken with dropout: on hidden states and on attention weights."""
    threads: int | None = None
    """Threads of PyTorch; null: one per core."""
    workers: int = 2
    """Processes of the data pipeline."""
    attacked_words: int = 300000
    """Words that the attack generator reads, in one process."""
    scaling: bool = True
    """Whether steps of other widths, depths, lengths and batches are timed too, and a cost model fitted to them."""
    peak_flops: float | None = None
    """Operations per second that the device can do at the precision of bf16; with it the record holds the share of
    them that a training step uses. 989e12 for an H100 or H200."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("repetitions", "subwords", "words", "attacked_words"):
            if getattr(self, name) < 1:
                raise SettingsError(f"bench.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.dropout < 1:
            raise SettingsError(f"bench.dropout must be in (0, 1), got {self.dropout}")
        if self.workers < 0:
            raise SettingsError(f"bench.workers must be 0 or more, got {self.workers}")
        if self.threads is not None and self.threads < 1:
            raise SettingsError(f"bench.threads must be at least 1 or null, got {self.threads}")
