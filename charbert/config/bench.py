"""Settings of the benchmarks."""

from dataclasses import dataclass, field

from charbert.config.checks import check_range
from charbert.errors import SettingsError


@dataclass
class ShapeSettings:
    """Size of a trunk and of a batch."""

    hidden_size: int = 768
    """Hidden size H; a multiple of 4 x ``heads``."""
    layers: int = 12
    """Transformer layers."""
    heads: int = 12
    """Attention heads."""
    batch_size: int = 4
    """Sequences."""
    length: int = 384
    """Subwords per sequence."""

    def __post_init__(self) -> None:
        check_range("shape", self, "[1, inf)", "hidden_size", "layers", "heads", "batch_size", "length")
        if self.hidden_size % (4 * self.heads):
            raise SettingsError(
                f"shape.hidden_size must be a multiple of 4 x heads, got {self.hidden_size} and {self.heads}"
            )


@dataclass
class BenchSettings:
    """Benchmarks of speed and memory."""

    repetitions: int = 7
    """Runs of each implementation, in turns; the median is reported."""
    base: ShapeSettings = field(default_factory=ShapeSettings)
    """A trunk of the paper's size."""
    small: ShapeSettings = field(default_factory=lambda: ShapeSettings(384, 6, 12, 24, 128))
    """A trunk of the size of ``trunk=minilm``."""
    subwords: int = 28996
    """Vocabulary size of the trunk; default: that of bert-base-cased."""
    words: int = 30001
    """Vocabulary size of NLM; default: the authors'."""
    dropout: float = 0.1
    """Dropout on hidden states and attention weights in the measurements with dropout; in (0, 1)."""
    threads: int | None = None
    """PyTorch threads; null: one per core."""
    workers: int = 2
    """Processes of the data pipeline, in [0, 1024]."""
    attacked_words: int = 300000
    """Words given to the attack generator, in one process."""
    scaling: bool = True
    """Whether to time other widths, depths, lengths and batch sizes too and fit a cost model to the times."""
    peers: bool = False
    """Whether to time, instead of all else, other character models and correctors beside the trunk, of size ``small``
    and in the precision that is fast here."""
    peak_flops: float | None = None
    """Peak bf16 operations per second of the device, e.g. 989e12 for an H100 or H200. If given, the record holds the
    share of this peak that a training step reaches."""

    def __post_init__(self) -> None:
        check_range("bench", self, "[1, inf)", "repetitions", "subwords", "words", "attacked_words", "threads")
        check_range("bench", self, "(0, 1)", "dropout")
        check_range("bench", self, "[0, 1024]", "workers")
