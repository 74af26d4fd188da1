"""Settings of a training run: how long, how fast, at which precision."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.identity import omit_default
from charbert.errors import SettingsError


class Precision(Enum):
    """Number format of the forward and backward pass; weights stay float32."""

    fp32 = "fp32"
    bf16 = "bf16"


class Schedule(Enum):
    """How the learning rate falls after warm-up."""

    linear = "linear"
    cosine = "cosine"
    constant = "constant"
    polynomial = "polynomial"


class Algorithm(Enum):
    """What turns gradients into steps."""

    adamw = "adamw"
    adam = "adam"
    sgd = "sgd"
    rmsprop = "rmsprop"
    adafactor = "adafactor"


@dataclass
class OptimizerSettings:
    """The optimizer and its schedule."""

    learning_rate: float = 5e-5
    """Peak rate of all weights. Paper: 5e-5 in pretraining, 2e-5 or 3e-5 in fine-tuning (Sec. 4.1)."""
    new_weights_learning_rate: float | None = None
    """Peak rate of the char encoder, the interaction and the heads; None: the same as ``learning_rate``."""
    weight_decay: float = 0.0
    """Decay of all weights but biases and norms, in [0, 1): decoupled for AdamW and Adafactor, an L2 penalty's gradient
    for the others."""
    adam_epsilon: float = 1e-8
    """Of AdamW and Adam. Released code: 1e-8."""
    schedule: Schedule = Schedule.linear
    """Shape of the decay."""
    warmup_fraction: float = 0.0
    """Share of the steps in which the rate rises from zero, in [0, 1)."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this norm; 0 switches clipping off."""
    algorithm: Algorithm = omit_default(Algorithm.adamw)
    """Adafactor takes the learning rate as it stands, without scaling it by itself."""
    momentum: float = omit_default(0.0)
    """Of SGD and RMSprop, in [0, 1); 0.9 is usual."""
    polynomial_power: float = omit_default(2.0)
    """For ``schedule=polynomial``: the rate falls as the share of steps left to this power; 1 is linear."""
    l1_penalty: float = omit_default(0.0)
    """Weight of the sum of absolute values in the loss, over the weights that decay."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.max_grad_norm < 0:
            raise SettingsError(f"optimizer.max_grad_norm must be 0 or more, got {self.max_grad_norm}")
        if not 0 <= self.momentum < 1:
            raise SettingsError(f"optimizer.momentum must be in [0, 1), got {self.momentum}")
        if self.momentum and self.algorithm not in (Algorithm.sgd, Algorithm.rmsprop):
            raise SettingsError(
                f"optimizer.momentum={self.momentum} is of sgd and rmsprop, but optimizer.algorithm="
                f"{self.algorithm.name}; leave it at 0"
            )
        if self.polynomial_power <= 0:
            raise SettingsError(f"optimizer.polynomial_power must be positive, got {self.polynomial_power}")
        if self.l1_penalty < 0:
            raise SettingsError(f"optimizer.l1_penalty must be 0 or more, got {self.l1_penalty}")
        if self.learning_rate <= 0:
            raise SettingsError(f"optimizer.learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.warmup_fraction < 1:
            raise SettingsError(f"optimizer.warmup_fraction must be in [0, 1), got {self.warmup_fraction}")
        if not 0 <= self.weight_decay < 1:
            raise SettingsError(f"optimizer.weight_decay must be in [0, 1), got {self.weight_decay}")


@dataclass
class TrainingSettings:
    """One training run."""

    epochs: float = 3.0
    """Passes over the training data; ignored when ``max_steps`` is positive."""
    max_steps: int = -1
    """Optimizer steps; -1: as many as ``epochs`` give."""
    batch_size: int = 16
    """Sequences per forward pass, of all processes together: each has its share, and a result does not depend on how
    many there are."""
    gradient_accumulation: int = 1
    """Forward passes per optimizer step."""
    eval_batch_size: int = 64
    """Sequences per forward pass in evaluation."""
    max_length: int = 128
    """Subwords per sequence, special ones included."""
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    """Learning rates, decay, clipping."""
    precision: Precision = Precision.fp32
    """bf16 is faster on CPUs with AMX and on current GPUs."""
    evaluations: int = 0
    """Evaluations on the dev set, spread evenly over training; 0: once after each epoch."""
    patience: int | None = None
    """Stop after this many evaluations without a better dev score; None: train to the end."""
    checkpoints: int = 10
    """Checkpoints written over the run, to resume from; 0: none. Without effect where the best checkpoint by a dev
    score is kept, in fine-tuning and wherever ``patience`` is set: one is written at each evaluation then."""
    log_every: int = 20
    """Steps between log lines."""
    num_workers: int = 0
    """Processes that prepare batches; 0: the training process itself. Never changes what is drawn."""
    group_by_length: bool = False
    """Batch sequences of similar length, to pad less."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("batch_size", "gradient_accumulation", "eval_batch_size", "log_every"):
            if getattr(self, name) < 1:
                raise SettingsError(f"training.{name} must be at least 1, got {getattr(self, name)}")
        if self.max_length < 8:
            raise SettingsError(f"training.max_length must be at least 8 subwords, got {self.max_length}")
        if self.epochs <= 0 and self.max_steps <= 0:
            raise SettingsError(f"training.epochs or training.max_steps must be positive, got {self.epochs}")
        if self.patience is not None and self.patience < 1:
            raise SettingsError(f"training.patience must be at least 1 or null, got {self.patience}")
