"""How a pretrained model is adapted to a task: one small class for each way, and `StrategyStack` to join them.

A strategy changes the model before training, the rates of its weights, or what happens between steps; each hook leaves
things as they are unless a strategy says otherwise. What changes the loss is an `ExtraLoss`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    """One way to adapt a model."""

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model as it goes into training; new weights are drawn from torch's global generator."""
        return model

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Return the peak rates of all weights.

        Args:
            parts: the part of each weight, by name.
            rates: their peak rates so far.
        """
        return dict(rates)

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return what acts between steps."""
        return []

    def finish(self, model: nn.Module) -> nn.Module:
        """Return the model as it is scored and saved."""
        return model


class StrategyStack(Strategy):
    """Several strategies, one after the other."""

    def __init__(self, strategies: Sequence[Strategy]) -> None:
        self.strategies = list(strategies)

    def prepare(self, model: nn.Module) -> nn.Module:
        """Let each strategy change the model that the one before left."""
        for strategy in self.strategies:
            model = strategy.prepare(model)
        return model

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Let each strategy change the rates that the one before left."""
        for strategy in self.strategies:
            rates = strategy.rates(parts, rates)
        return dict(rates)

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callbacks of all."""
        return [callback for strategy in self.strategies for callback in strategy.callbacks(model)]

    def finish(self, model: nn.Module) -> nn.Module:
        """Let the strategies take back what they changed, the last one first."""
        for strategy in reversed(self.strategies):
            model = strategy.finish(model)
        return model


class FullFineTuning(Strategy):
    """All weights are trained. Paper: Sec. 4.1."""


class FrozenTrunk(Strategy):
    """The trunk stays as it is but for chosen layers; the head is trained.

    Args:
        open_layers: indices of the layers that are trained.
        open_embeddings: whether the trunk's embeddings are trained.
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
        """Freeze what is not open."""
        parts = model_parts(model)
        for name, weight in model.named_parameters():
            if not self._is_open(parts[name]):
                weight.requires_grad_(False)
        return model

    def _is_open(self, part: Part) -> bool:
        return part.layer in self.open_layers if part.kind is PartKind.layer else part.kind in self.open_kinds


class GradualUnfreezing(Strategy):
    """First the head is trained, then layer by layer from the top joins, and last the embeddings.

    Howard and Ruder (2018), Sec. 3.3, there one layer per epoch. A weight's optimizer state begins when it joins.
    """

    def __init__(self, settings: GradualSettings) -> None:
        self.settings = settings

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callback that opens the stages."""
        stages = top_down_stages(model, open_char_channel=self.settings.open_char_channel)
        return [UnfreezingCallback(stages, self.settings.until)]


class SeparateRates(Strategy):
    """Trunk, char channel and head have rates of their own."""

    def __init__(
        self, trunk: float | None = None, char_channel: float | None = None, head: float | None = None
    ) -> None:
        own = dict.fromkeys(TRUNK, trunk) | dict.fromkeys(CHAR_CHANNEL, char_channel) | {PartKind.head: head}
        self.own = {kind: rate for kind, rate in own.items() if rate is not None}

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Set the rates that are given."""
        return {name: self.own.get(parts[name].kind, rate) for name, rate in rates.items()}


class LayerDecay(Strategy):
    """Rates of the trunk fall from layer to layer, and once more to the embeddings; the top layer's is whole.

    Clark et al. (2020), App. B; Howard and Ruder (2018), Sec. 3.2.

    Args:
        decay: a layer's rate is that of the layer above times this.
        num_layers: layers of the trunk.
    """

    def __init__(self, decay: float, num_layers: int) -> None:
        self.decay, self.num_layers = decay, num_layers

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Scale the rates of the trunk by the depth below its top layer."""
        return {name: rate * self.decay ** self._depth(parts[name]) for name, rate in rates.items()}

    def _depth(self, part: Part) -> int:
        if part.kind is PartKind.embeddings:
            return self.num_layers
        if part.kind is PartKind.layer and part.layer is not None:
            return self.num_layers - 1 - part.layer
        return 0


class ReinitializedLayers(Strategy):
    """The top layers start from new weights. Zhang et al. (2021), Sec. 5."""

    def __init__(self, count: int) -> None:
        self.count = count

    def prepare(self, model: nn.Module) -> nn.Module:
        """Draw the weights of the top layers anew, and those of the interactions that follow them."""
        reinitialize_layers(model, self.count)
        return model


class LowRankAdapters(Strategy):
    """LoRA: the trunk is frozen, and maps of its attention get adapters of low rank. Hu et al. (2021)."""

    def __init__(self, settings: LoraSettings) -> None:
        self.settings = settings

    def prepare(self, model: nn.Module) -> nn.Module:
        """Add the adapters and freeze what is beside them."""
        return add_adapters(model, self.settings)

    def finish(self, model: nn.Module) -> nn.Module:
        """Add the adapters to the weights that they stand beside, unless they are saved by themselves."""
        return merge_adapters(model) if self.settings.save is AdapterFormat.merged else model


class DropoutOverride(Strategy):
    """Parts of the model have another dropout than in pretraining."""

    def __init__(self, settings: DropoutSettings) -> None:
        self.settings = settings

    def prepare(self, model: nn.Module) -> nn.Module:
        """Set the dropout."""
        chosen = self.settings
        set_dropout(
            model, trunk=chosen.trunk, attention=chosen.attention, char_channel=chosen.char_channel, head=chosen.head
        )
        return model


def build_strategy(settings: StrategySettings, num_layers: int) -> StrategyStack:
    """Return the strategies of the settings, in the order in which they act.

    Args:
        settings: of the strategy.
        num_layers: layers of the trunk.

    Raises:
        SettingsError: if a layer is asked for that the trunk lacks, or new layers would stay frozen.
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
    strategies.append(_trunk_strategy(settings, num_layers))
    rates = settings.rates
    if rates != RateSettings():
        strategies.append(SeparateRates(rates.trunk, rates.char_channel, rates.head))
    if rates.layer_decay < 1:
        strategies.append(LayerDecay(rates.layer_decay, num_layers))
    return StrategyStack(strategies)


def _trunk_strategy(settings: StrategySettings, num_layers: int) -> Strategy:
    if settings.trunk is TrunkTraining.gradual:
        return GradualUnfreezing(settings.gradual)
    if settings.trunk is TrunkTraining.lora:
        return LowRankAdapters(settings.lora)
    if settings.trunk is TrunkTraining.full:
        return FullFineTuning()
    chosen = settings.frozen
    open_layers = _layer_indices(chosen.open_layers, num_layers)
    closed = set(range(num_layers - settings.reinit_layers, num_layers)) - set(open_layers)
    if closed:
        raise SettingsError(
            f"strategy.reinit_layers={settings.reinit_layers} makes new layers, but strategy.trunk=frozen keeps "
            f"{sorted(closed)} of them as they are; open them with strategy.frozen.open_layers"
        )
    return FrozenTrunk(open_layers, open_embeddings=chosen.open_embeddings, open_char_channel=chosen.open_char_channel)


def _layer_indices(layers: Sequence[int], num_layers: int) -> list[int]:
    """Return layers counted from the bottom."""
    for layer in layers:
        if not -num_layers <= layer < num_layers:
            raise SettingsError(
                f"strategy.frozen.open_layers must be layers of the trunk, {-num_layers} to {num_layers - 1}, "
                f"got {layer}"
            )
    return [layer % num_layers for layer in layers]
