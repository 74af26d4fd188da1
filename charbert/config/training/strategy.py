"""Settings of fine-tuning strategies; `charbert.training.strategies` applies them."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.errors import SettingsError


class TrunkTraining(Enum):
    """How the trunk's weights are trained in fine-tuning."""

    full = "full"
    frozen = "frozen"
    gradual = "gradual"
    lora = "lora"


class ChannelTraining(Enum):
    """How the char channel is trained if the trunk has LoRA adapters."""

    full = "full"
    lora = "lora"
    frozen = "frozen"


class AttentionMap(Enum):
    """A linear map of a layer's attention. ModernBERT has one map for query, key and value: any of them selects it."""

    query = "query"
    key = "key"
    value = "value"
    output = "output"


class AdapterFormat(Enum):
    """Format of a saved model with LoRA adapters."""

    merged = "merged"
    adapters = "adapters"


@dataclass
class FrozenSettings:
    """For ``strategy.trunk=frozen``: what is trained in addition to the head."""

    open_layers: list[int] = field(default_factory=list)
    """Trunk layers that are trained: 0 is the lowest, -1 the top one."""
    open_embeddings: bool = False
    """Whether the trunk's embeddings are trained."""
    open_char_channel: bool = True
    """Whether the char encoder and the interactions are trained."""


@dataclass
class GradualSettings:
    """For ``strategy.trunk=gradual``: parts are unfrozen one by one, first the head, then layers from the top down."""

    until: float = 0.5
    """Share of the steps after which all is unfrozen, in (0, 1). Parts follow at equal intervals, embeddings last."""
    open_char_channel: bool = False
    """Whether the char channel is trained from the first step. false: each interaction is unfrozen with its layer (a
    shared one with the top layer), and the char encoder with the embeddings."""


@dataclass
class LoraSettings:
    """For ``strategy.trunk=lora``: low-rank adapters on frozen linear maps."""

    rank: int = 8
    """Rank of an adapter; at least 1."""
    alpha: float = 16.0
    """An adapter's output is scaled by alpha / rank; above 0."""
    dropout: float = 0.0
    """Dropout on an adapter's input, in [0, 1)."""
    maps: list[AttentionMap] = field(default_factory=lambda: [AttentionMap.query, AttentionMap.value])
    """Attention maps of the trunk with an adapter."""
    char_channel: ChannelTraining = ChannelTraining.full
    """full: char encoder and interactions are trained; lora: the interactions' linear maps and convolution get
    adapters, the rest of the channel is frozen; frozen: the channel is not trained."""
    save: AdapterFormat = AdapterFormat.merged
    """merged: a usual checkpoint; adapters: only the trained weights and the name of their base model."""

    def __post_init__(self) -> None:
        check_range("strategy.lora", self, "[1, inf)", "rank")
        check_range("strategy.lora", self, "(0, inf)", "alpha")
        check_range("strategy.lora", self, "[0, 1)", "dropout")
        if not self.maps:
            raise SettingsError("strategy.lora.maps is empty, expected at least one of query, key, value, output")


@dataclass
class RateSettings:
    """Peak learning rates of the parts; null: as in ``finetuning.optimizer``."""

    trunk: float | None = None
    """Rate of the trunk's weights or adapters; with ``layer_decay``, that of the top layer."""
    char_channel: float | None = None
    """Rate of the char encoder and the interactions."""
    head: float | None = None
    """Rate of the task's head."""
    layer_decay: float = 1.0
    """Factor from one trunk layer's rate to that of the layer below, in (0, 1]; the embeddings are the lowest."""

    def __post_init__(self) -> None:
        check_range("strategy.rates", self, "(0, inf)", "trunk", "char_channel", "head")
        check_range("strategy.rates", self, "(0, 1]", "layer_decay")


@dataclass
class DropoutSettings:
    """Dropout in fine-tuning, each in [0, 1); null: that of the encoder."""

    trunk: float | None = None
    """Dropout on the trunk's hidden states and embeddings."""
    attention: float | None = None
    """Dropout on the trunk's attention weights."""
    char_channel: float | None = None
    """Dropout on the char encoder's states; default: none."""
    head: float | None = None
    """Dropout before the classifier; the question answering head has none."""

    def __post_init__(self) -> None:
        check_range("strategy.dropout", self, "[0, 1)", "trunk", "attention", "char_channel", "head")


@dataclass
class StrategySettings:
    """Fine-tuning strategy: which weights are trained, learning rates, reinitialized layers, dropout."""

    name: str = "full"
    """Short name, used in tables."""
    trunk: TrunkTraining = TrunkTraining.full
    """full: all weights are trained; frozen: only chosen layers; gradual: from the top down; lora: adapters."""
    frozen: FrozenSettings = field(default_factory=FrozenSettings)
    """Without effect unless ``trunk=frozen``."""
    gradual: GradualSettings = field(default_factory=GradualSettings)
    """Without effect unless ``trunk=gradual``."""
    lora: LoraSettings = field(default_factory=LoraSettings)
    """Without effect unless ``trunk=lora``."""
    rates: RateSettings = field(default_factory=RateSettings)
    """Learning rates of the parts."""
    reinit_layers: int = 0
    """Number of top layers that are reinitialized, with their interactions; 0 or more."""
    dropout: DropoutSettings = field(default_factory=DropoutSettings)
    """Dropout of the parts."""

    def __post_init__(self) -> None:
        """Raise an error for values out of range and for contradictory settings."""
        check_range("strategy.gradual", self.gradual, "(0, 1)", "until")
        check_range("strategy", self, "[0, inf)", "reinit_layers")
        if self.trunk is TrunkTraining.frozen:
            self._check_frozen()
        if self.trunk is TrunkTraining.lora and self.rates.layer_decay < 1:
            raise SettingsError(
                f"strategy.rates.layer_decay={self.rates.layer_decay} decays the rates of trunk layers, but "
                "strategy.trunk=lora freezes them; set layer_decay=1, or strategy.trunk=full"
            )
        if self.trunk in (TrunkTraining.lora, TrunkTraining.gradual) and self.reinit_layers:
            raise SettingsError(
                f"strategy.reinit_layers={self.reinit_layers} makes layers that must be trained from the first step, "
                f"but strategy.trunk={self.trunk.name} freezes them; set reinit_layers=0, or strategy.trunk=full"
            )

    def _check_frozen(self) -> None:
        if self.frozen.open_layers or self.frozen.open_embeddings:
            return
        for name, value, neutral in (("layer_decay", self.rates.layer_decay, 1.0), ("trunk", self.rates.trunk, None)):
            if value != neutral:
                raise SettingsError(
                    f"strategy.rates.{name}={value} is a rate of the trunk, but strategy.trunk=frozen leaves nothing "
                    "of it open; open layers with strategy.frozen.open_layers=[-1], or leave the rate out"
                )

    @property
    def trains_char_channel(self) -> bool:
        """Whether the whole char channel is trained."""
        if self.trunk is TrunkTraining.frozen:
            return self.frozen.open_char_channel
        return self.trunk is not TrunkTraining.lora or self.lora.char_channel is ChannelTraining.full

    @property
    def trains_embeddings(self) -> bool:
        """Whether the trunk's embeddings are trained, at the latest at the end."""
        if self.trunk is TrunkTraining.frozen:
            return self.frozen.open_embeddings
        return self.trunk is not TrunkTraining.lora

    @property
    def saves_adapters(self) -> bool:
        """Whether the model is saved as adapters."""
        return self.trunk is TrunkTraining.lora and self.lora.save is AdapterFormat.adapters
