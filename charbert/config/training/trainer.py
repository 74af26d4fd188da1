"""Settings of a training run: length, optimizer, precision."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.identity import omit_default
from charbert.errors import SettingsError


class Precision(Enum):
    """Number format of the forward and backward pass; weights stay float32."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"


class Schedule(Enum):
    """Decay of the learning rate after warm-up."""

    linear = "linear"
    cosine = "cosine"
    constant = "constant"
    polynomial = "polynomial"


class Algorithm(Enum):
    """Optimizer algorithm."""

    adamw = "adamw"
    adam = "adam"
    sgd = "sgd"
    rmsprop = "rmsprop"
    adafactor = "adafactor"


@dataclass
class OptimizerSettings:
    """Optimizer and learning rate schedule."""

    learning_rate: float = 5e-5
    """Peak learning rate, above 0. Paper: 5e-5 in pretraining, 2e-5 or 3e-5 in fine-tuning (Sec. 4.1)."""
    new_weights_learning_rate: float | None = None
    """Peak learning rate of the char encoder, the interaction and the heads; null: ``learning_rate``."""
    weight_decay: float = 0.0
    """Weight decay of all weights except biases and norms, in [0, 1): decoupled for AdamW and Adafactor, an L2 penalty
    for the others."""
    adam_epsilon: float = 1e-8
    """Epsilon of AdamW and Adam. Released code: 1e-8."""
    schedule: Schedule = Schedule.linear
    """Decay of the learning rate after warm-up."""
    warmup_fraction: float = 0.0
    """Share of the steps in which the learning rate rises from zero, in [0, 1)."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm; 0: no clipping."""
    algorithm: Algorithm = omit_default(Algorithm.adamw)
    """Optimizer. Adafactor uses the given learning rate without its own scaling."""
    momentum: float = omit_default(0.0)
    """Momentum of SGD and RMSprop, in [0, 1); 0.9 is usual."""
    polynomial_power: float = omit_default(2.0)
    """For ``schedule=polynomial``: the rate is proportional to (share of steps left) ** power; 1: linear."""
    l1_penalty: float = omit_default(0.0)
    """Weight of an L1 penalty in the loss, on the weights with weight decay; 0 or more."""

    def __post_init__(self) -> None:
        check_range("optimizer", self, "[0, inf)", "max_grad_norm", "l1_penalty", "adam_epsilon")
        check_range("optimizer", self, "(0, inf)", "learning_rate", "new_weights_learning_rate", "polynomial_power")
        check_range("optimizer", self, "[0, 1)", "momentum", "warmup_fraction", "weight_decay")
        if self.momentum and self.algorithm not in (Algorithm.sgd, Algorithm.rmsprop):
            raise SettingsError(
                f"optimizer.momentum={self.momentum} is of sgd and rmsprop, but optimizer.algorithm="
                f"{self.algorithm.name}; leave it at 0"
            )


@dataclass
class TrainingSettings:
    """One training run."""

    epochs: float = 3.0
    """Passes over the training data; ignored if ``max_steps`` is positive."""
    max_steps: int = -1
    """Optimizer steps; -1: determined by ``epochs``."""
    batch_size: int = 16
    """Sequences per forward pass, over all processes together; results do not depend on the number of processes."""
    gradient_accumulation: int = 1
    """Forward passes per optimizer step. Its loss is the mean of theirs, each a mean over its own labeled positions."""
    eval_batch_size: int = 64
    """Sequences per forward pass in evaluation."""
    max_length: int = 128
    """Subwords per sequence, special ones included; in [8, 100000]."""
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    """Optimizer and learning rate schedule."""
    precision: Precision = Precision.auto
    """Number format of the computation. auto: bf16 on GPUs of compute capability 8.0 or more and on CPUs with AMX or
    AVX512-BF16, else fp32. What auto chooses stands in the record and is not part of the run's key."""
    evaluations: int = 0
    """Number of evaluations on the dev set, spread evenly over training; 0: one after each epoch. The last step is
    always evaluated, which may be one more."""
    patience: int | None = None
    """Stop after this many evaluations without a better dev score; null: train to the end."""
    checkpoints: int = 10
    """Number of checkpoints written during training, to resume from; 0: none. No effect in fine-tuning and with
    ``patience``, which write a checkpoint at each evaluation to keep the best one."""
    log_every: int = 20
    """Steps between log lines."""
    num_workers: int = 0
    """Processes that prepare batches, at most 1024; 0: the training process itself. Does not change results."""
    group_by_length: bool = False
    """Whether to batch sequences of similar length, which needs less padding."""

    def __post_init__(self) -> None:
        check_range("training", self, "[1, inf)", "batch_size", "gradient_accumulation", "eval_batch_size")
        check_range("training", self, "[1, inf)", "log_every", "patience")
        check_range("training", self, "[8, 100000]", "max_length")
        check_range("training", self, "[0, inf)", "evaluations", "checkpoints")
        check_range("training", self, "[0, 1024]", "num_workers")
        if self.max_steps < 1:
            if self.max_steps != -1:
                raise SettingsError(f"training.max_steps must be positive, or -1 for epochs, got {self.max_steps}")
            check_range("training", self, "(0, inf)", "epochs")
