"""Gradual unfreezing: weights join the training stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerState

from charbert.model.adaptation.parts import CHAR_CHANNEL, Part, PartKind, model_parts


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
