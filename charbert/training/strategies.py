"""The strategy of fine-tuning: which weights are trained, at which rates, from which start.

A strategy changes the model before training, the rates of its weights, or what happens between steps; at the defaults
of the settings nothing is changed. Changes of the loss are `ExtraLoss`es.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerState

from charbert.config.training.strategy import AdapterFormat, DropoutSettings, StrategySettings, TrunkTraining
from charbert.errors import SettingsError
from charbert.model.adaptation.dropout import set_dropout
from charbert.model.adaptation.lora import add_adapters
from charbert.model.adaptation.new_layers import reinitialize_layers
from charbert.model.adaptation.parts import (
    CHAR_CHANNEL,
    TRUNK,
    Part,
    PartKind,
    encoder_layers,
    find_encoder,
    model_parts,
)


class Strategy:
    """A way to fine-tune a model.

    Its parts combine: other dropout than in pretraining; top layers from new weights (Zhang et al. 2021, Sec. 5); a
    frozen trunk except for chosen layers; LoRA adapters (Hu et al. 2021); gradual unfreezing, which trains first the
    head, then also one layer after the other from the top, and last the embeddings (Howard and Ruder 2018, Sec. 3.3,
    there one layer per epoch; a weight's optimizer state starts when it is unfrozen); separate rates of trunk, char
    channel and head; rates that decrease from the top layer down to the embeddings (Clark et al. 2020, App. B).

    Args:
        num_layers: of the trunk.

    Raises:
        SettingsError: if the trunk lacks a chosen layer, or new layers would be frozen.
    """

    def __init__(self, settings: StrategySettings, num_layers: int) -> None:
        if settings.reinit_layers > num_layers:
            raise SettingsError(
                f"strategy.reinit_layers must be at most {num_layers}, the trunk's layers; got {settings.reinit_layers}"
            )
        self.settings, self.num_layers = settings, num_layers
        self._open_layers: list[int] = []
        if settings.trunk is TrunkTraining.frozen:
            self._open_layers = _layer_indices(settings.frozen.open_layers, num_layers)
            closed = set(range(num_layers - settings.reinit_layers, num_layers)) - set(self._open_layers)
            if closed:
                raise SettingsError(
                    f"strategy.reinit_layers={settings.reinit_layers} makes new layers, but strategy.trunk=frozen "
                    f"freezes {sorted(closed)} of them; add them to strategy.frozen.open_layers"
                )

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model to train; new weights are drawn from torch's global generator."""
        settings = self.settings
        if settings.dropout != DropoutSettings():
            set_dropout(model, **asdict(settings.dropout))
        if settings.reinit_layers:
            reinitialize_layers(model, settings.reinit_layers)
        if settings.trunk is TrunkTraining.frozen:
            self._freeze(model)
        return add_adapters(model, settings.lora) if settings.trunk is TrunkTraining.lora else model

    def rates(self, parts: Mapping[str, Part], rates: Mapping[str, float]) -> dict[str, float]:
        """Return the peak rates of all weights.

        Args:
            parts: the part of each weight, by name.
            rates: the current peak rate of each weight, by name.
        """
        own = self.settings.rates
        given = ((TRUNK, own.trunk), (CHAR_CHANNEL, own.char_channel), ((PartKind.head,), own.head))
        chosen = {kind: rate for kinds, rate in given if rate is not None for kind in kinds}
        return {
            name: chosen.get(parts[name].kind, rate) * own.layer_decay ** self._depth(parts[name])
            for name, rate in rates.items()
        }

    def callbacks(self, model: nn.Module) -> list[TrainerCallback]:
        """Return the callbacks of the training, which unfreeze weights step by step."""
        if self.settings.trunk is not TrunkTraining.gradual:
            return []
        chosen = self.settings.gradual
        stages = top_down_stages(model, open_char_channel=chosen.open_char_channel)
        return [UnfreezingCallback(stages, chosen.until)]

    def finish(self, model: Any) -> nn.Module:
        """Return the model to score and save: adapters are merged, unless they are saved separately."""
        merges = self.settings.trunk is TrunkTraining.lora and self.settings.lora.save is AdapterFormat.merged
        finished: nn.Module = model.merge_and_unload() if merges else model
        return finished

    def _freeze(self, model: nn.Module) -> None:
        """Freeze all weights but those of the head and of the parts that are open."""
        chosen, open_kinds = self.settings.frozen, {PartKind.head}
        if chosen.open_embeddings:
            open_kinds.add(PartKind.embeddings)
        if chosen.open_char_channel:
            open_kinds.update(CHAR_CHANNEL)
        parts, layers = model_parts(model), encoder_layers(find_encoder(model))
        shared = {id(weight) for layer in self._open_layers for weight in layers[layer].parameters()}  # as in ALBERT
        for name, weight in model.named_parameters():
            part = parts[name]
            is_open = part.layer in self._open_layers if part.kind is PartKind.layer else part.kind in open_kinds
            if not is_open and id(weight) not in shared:
                weight.requires_grad_(False)

    def _depth(self, part: Part) -> int:
        """Return how far a part of the trunk is below its top layer; 0 for the other parts."""
        if part.kind is PartKind.embeddings:
            return self.num_layers
        if part.kind is PartKind.layer and part.layer is not None:
            return self.num_layers - 1 - part.layer
        return 0


def _layer_indices(layers: Sequence[int], num_layers: int) -> list[int]:
    """Return layers counted from the bottom."""
    for layer in layers:
        if not -num_layers <= layer < num_layers:
            raise SettingsError(
                f"strategy.frozen.open_layers must be layers of the trunk, {-num_layers} to {num_layers - 1}, "
                f"got {layer}"
            )
    return [layer % num_layers for layer in layers]


def top_down_stages(model: nn.Module, *, open_char_channel: bool) -> list[list[nn.Parameter]]:
    """Return the weights that join at each stage: layers from the top down, then the embeddings; never the head.

    Args:
        model: a model with an encoder; weights that do not require a gradient are left out.
        open_char_channel: whether the char channel is trained from the start. If not, an interaction joins with the
            layer that it follows, a shared one with the top layer, and the char encoder with the embeddings.
    """
    parts = model_parts(model)
    top = max(part.layer for part in parts.values() if part.kind is PartKind.layer and part.layer is not None)
    stages: list[list[nn.Parameter]] = [[] for _ in range(top + 2)]
    for name, weight in model.named_parameters():
        stage = _stage(parts[name], top, open_char_channel)
        if stage is not None and weight.requires_grad:
            stages[stage].append(weight)
    return stages


def _stage(part: Part, top: int, open_char_channel: bool) -> int | None:
    """Return the index of a part's stage; None: it is trained from the start."""
    if part.kind is PartKind.head or (part.kind in CHAR_CHANNEL and open_char_channel):
        return None
    if part.kind in (PartKind.embeddings, PartKind.char_encoder):
        return top + 1
    return 0 if part.layer is None else top - part.layer


class UnfreezingCallback(TrainerCallback):
    """Unfreezes the stages at equal intervals, by the number of steps done, so that a resumed run continues its stage.

    All weights are in the optimizer from the start; it skips those without a gradient and creates their state with
    their first one.

    Args:
        stages: weights that join together, in order.
        until: share of the steps after which all are trained.
    """

    def __init__(self, stages: Sequence[Sequence[nn.Parameter]], until: float) -> None:
        self.stages, self.until = stages, until

    def opening_steps(self, max_steps: int) -> list[int]:
        """Return the number of steps before each stage is unfrozen."""
        return [round(self.until * max_steps * (stage + 1) / len(self.stages)) for stage in range(len(self.stages))]

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Freeze the later stages."""
        self._open(state)

    def on_step_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Unfreeze a stage when it is due."""
        self._open(state)

    def on_train_end(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Unfreeze all weights."""
        self._set([True] * len(self.stages))

    def _open(self, state: TrainerState) -> None:
        self._set([state.global_step >= step for step in self.opening_steps(state.max_steps)])

    def _set(self, is_open: Sequence[bool]) -> None:
        for weights, opened in zip(self.stages, is_open, strict=True):
            for weight in weights:
                weight.requires_grad_(opened)
