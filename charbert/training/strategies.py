"""Strategies of fine-tuning: one small class each, and `StrategyStack` to combine them.

A strategy changes the model before training, the rates of its weights, or what happens between steps; by default each
hook changes nothing. Changes of the loss are `ExtraLoss`es.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from torch import nn
from transformers import TrainerCallback

from charbert.config.training.strategy import (
    AdapterFormat,
    DropoutSettings,
    GradualSettings,
    LoraSettings,
    RateSettings,
    StrategySettings,
    TrunkTraining,
)
from charbert.errors import SettingsError
from charbert.model.adaptation.dropout import set_dropout
from charbert.model.adaptation.lora import add_adapters, merge_adapters
from charbert.model.adaptation.new_layers import reinitialize_layers
from charbert.model.adaptation.parts import CHAR_CHANNEL, TRUNK, Part, PartKind, model_parts
from charbert.training.unfreezing import UnfreezingCallback, top_down_stages


class Strategy:
    """A way to fine-tune a model."""

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model to train; new weights are drawn from torch's global generator."""
        return model

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Return the peak rates of all weights.

        Args:
            parts: the part of each weight, by name.
            rates: the current peak rate of each weight, by name.
        """
        return dict(rates)

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callbacks of the training."""
        return []

    def finish(self, model: nn.Module) -> nn.Module:
        """Return the model to score and save."""
        return model


class StrategyStack(Strategy):
    """Several strategies, applied in order."""

    def __init__(self, strategies: Sequence[Strategy]) -> None:
        self.strategies = list(strategies)

    def prepare(self, model: nn.Module) -> nn.Module:
        """Apply each strategy to the model."""
        for strategy in self.strategies:
            model = strategy.prepare(model)
        return model

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Apply each strategy to the rates."""
        for strategy in self.strategies:
            rates = strategy.rates(parts, rates)
        return dict(rates)

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callbacks of all strategies."""
        return [callback for strategy in self.strategies for callback in strategy.callbacks(model)]

    def finish(self, model: nn.Module) -> nn.Module:
        """Let the strategies undo their changes, the last one first."""
        for strategy in reversed(self.strategies):
            model = strategy.finish(model)
        return model


class FrozenTrunk(Strategy):
    """The trunk is frozen except for chosen layers; the head is trained.

    Args:
        open_char_channel: whether char encoder and interactions are trained.
    """

    def __init__(
        self, open_layers: Sequence[int] = (), *, open_embeddings: bool = False, open_char_channel: bool = True
    ) -> None:
        self.open_layers = frozenset(open_layers)
        self.open_kinds = {PartKind.head}
        if open_embeddings:
            self.open_kinds.add(PartKind.embeddings)
        if open_char_channel:
            self.open_kinds.update(CHAR_CHANNEL)

    def prepare(self, model: nn.Module) -> nn.Module:
        """Freeze all other weights."""
        parts = model_parts(model)
        for name, weight in model.named_parameters():
            part = parts[name]
            is_open = part.layer in self.open_layers if part.kind is PartKind.layer else part.kind in self.open_kinds
            if not is_open:
                weight.requires_grad_(False)
        return model


@dataclass(frozen=True)
class GradualUnfreezing(Strategy):
    """First the head is trained, then also one layer after the other from the top, and last the embeddings.

    Howard and Ruder (2018), Sec. 3.3, there one layer per epoch. A weight's optimizer state starts when it is unfrozen.
    """

    settings: GradualSettings

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callback that unfreezes the stages."""
        stages = top_down_stages(model, open_char_channel=self.settings.open_char_channel)
        return [UnfreezingCallback(stages, self.settings.until)]


class SeparateRates(Strategy):
    """Trunk, char channel and head have separate rates."""

    def __init__(
        self, trunk: float | None = None, char_channel: float | None = None, head: float | None = None
    ) -> None:
        chosen = dict.fromkeys(TRUNK, trunk) | dict.fromkeys(CHAR_CHANNEL, char_channel) | {PartKind.head: head}
        self.chosen = {kind: rate for kind, rate in chosen.items() if rate is not None}

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Replace the rates of parts that have one."""
        return {name: self.chosen.get(parts[name].kind, rate) for name, rate in rates.items()}


@dataclass(frozen=True)
class LayerDecay(Strategy):
    """The trunk's rates decrease from the top layer, which has the full rate, down to the embeddings.

    Clark et al. (2020), App. B; Howard and Ruder (2018), Sec. 3.2.
    """

    decay: float
    """Ratio of a layer's rate to that of the layer above."""
    num_layers: int
    """Of the trunk."""

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Scale the rates of the trunk by the depth below its top layer."""
        return {name: rate * self.decay ** self._depth(parts[name]) for name, rate in rates.items()}

    def _depth(self, part: Part) -> int:
        if part.kind is PartKind.embeddings:
            return self.num_layers
        if part.kind is PartKind.layer and part.layer is not None:
            return self.num_layers - 1 - part.layer
        return 0


@dataclass(frozen=True)
class ReinitializedLayers(Strategy):
    """The top layers start from new weights. Zhang et al. (2021), Sec. 5."""

    count: int

    def prepare(self, model: nn.Module) -> nn.Module:
        """Draw new weights for the top layers, and for the interactions that follow them."""
        reinitialize_layers(model, self.count)
        return model


@dataclass(frozen=True)
class Lora(Strategy):
    """LoRA: the trunk is frozen, and maps of its attention get adapters of low rank. Hu et al. (2021)."""

    settings: LoraSettings

    def prepare(self, model: nn.Module) -> nn.Module:
        """Add the adapters and freeze the other weights of the trunk."""
        return add_adapters(model, self.settings)

    def finish(self, model: nn.Module) -> nn.Module:
        """Merge the adapters into the weights, unless they are saved separately."""
        return merge_adapters(model) if self.settings.save is AdapterFormat.merged else model


@dataclass(frozen=True)
class DropoutOverride(Strategy):
    """Parts of the model have another dropout than in pretraining."""

    settings: DropoutSettings

    def prepare(self, model: nn.Module) -> nn.Module:
        """Set the dropout."""
        set_dropout(model, **asdict(self.settings))
        return model


def build_strategy(settings: StrategySettings, num_layers: int) -> StrategyStack:
    """Return the strategies of the settings, in the order in which they are applied.

    Raises:
        SettingsError: if the trunk lacks a chosen layer, or new layers would be frozen.
    """
    strategies: list[Strategy] = []
    if settings.dropout != DropoutSettings():
        strategies.append(DropoutOverride(settings.dropout))
    if settings.reinit_layers > num_layers:
        raise SettingsError(
            f"strategy.reinit_layers must be at most {num_layers}, the trunk's layers; got {settings.reinit_layers}"
        )
    if settings.reinit_layers:
        strategies.append(ReinitializedLayers(settings.reinit_layers))
    strategies += _trunk_strategy(settings, num_layers)
    rates = settings.rates
    if rates != RateSettings():
        strategies.append(SeparateRates(rates.trunk, rates.char_channel, rates.head))
    if rates.layer_decay < 1:
        strategies.append(LayerDecay(rates.layer_decay, num_layers))
    return StrategyStack(strategies)


def _trunk_strategy(settings: StrategySettings, num_layers: int) -> list[Strategy]:
    if settings.trunk is TrunkTraining.gradual:
        return [GradualUnfreezing(settings.gradual)]
    if settings.trunk is TrunkTraining.lora:
        return [Lora(settings.lora)]
    if settings.trunk is TrunkTraining.full:
        return []
    chosen = settings.frozen
    open_layers = _layer_indices(chosen.open_layers, num_layers)
    closed = set(range(num_layers - settings.reinit_layers, num_layers)) - set(open_layers)
    if closed:
        raise SettingsError(
            f"strategy.reinit_layers={settings.reinit_layers} makes new layers, but strategy.trunk=frozen freezes "
            f"{sorted(closed)} of them; add them to strategy.frozen.open_layers"
        )
    strategy = FrozenTrunk(
        open_layers, open_embeddings=chosen.open_embeddings, open_char_channel=chosen.open_char_channel
    )
    return [strategy]


def _layer_indices(layers: Sequence[int], num_layers: int) -> list[int]:
    """Return layers counted from the bottom."""
    for layer in layers:
        if not -num_layers <= layer < num_layers:
            raise SettingsError(
                f"strategy.frozen.open_layers must be layers of the trunk, {-num_layers} to {num_layers - 1}, "
                f"got {layer}"
            )
    return [layer % num_layers for layer in layers]
