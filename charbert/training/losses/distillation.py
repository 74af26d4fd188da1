"""Knowledge distillation: a student that learns from a teacher's logits and hidden states.

Hinton et al. (2015): softened logits; Jiao et al. (2020, TinyBERT): hidden states, layer by layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.errors import SettingsError
from charbert.training.losses.extra_loss import Batch, ask, at_positions, comparable_logits, divergence

PROJECTIONS = "distillation_projections"
"""Attribute of a student that holds the projections while it is trained, so that checkpoints have them too."""


class Distillation:
    """Learn a share of the loss from a teacher's logits, and imitate its hidden states.

    The teacher reads the batch's companion in its own form, without dropout, and never changes.

    Args:
        teacher: a fine-tuned model with the student's head.
        weight: share of the loss that the logits of the teacher have, in [0, 1].
        temperature: softens both distributions; the loss is multiplied by its square.
        hidden_weight: of the distance between hidden states.
        layer_map: layer of the student -> layer of the teacher, 0 the embeddings.
        columns: which logit of the teacher is each of the student's; None: the same, or no labels.
        whole_texts: compare the means of hidden states over texts, for tokenizers that differ, instead of positions.
    """

    def __init__(
        self,
        teacher: nn.Module,
        *,
        weight: float,
        temperature: float,
        hidden_weight: float = 0.0,
        layer_map: Mapping[int, int] | None = None,
        columns: Sequence[int] | None = None,
        whole_texts: bool = False,
    ) -> None:
        self.teacher = teacher.eval().requires_grad_(False)
        self.weight = weight
        self.temperature = temperature
        self.hidden_weight = hidden_weight
        self.layer_map = dict(layer_map or {})
        self.columns = None if columns is None else list(columns)
        self.whole_texts = whole_texts

    @property
    def forward_options(self) -> dict[str, Any]:
        """Ask for hidden states where they are compared."""
        return {"output_hidden_states": True} if self.hidden_weight else {}

    def __call__(
        self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss with the teacher's share, and the parts ``distillation`` and ``hidden``."""
        companion = batch[TEACHER]
        taught = ask(self.teacher, companion, **self.forward_options)
        soft = self.temperature**2 * divergence(
            self._teacher_logits(taught, companion[THEIR_POSITIONS]),
            comparable_logits(outputs, companion[OWN_POSITIONS]),
            self.temperature,
        )
        parts = {"distillation": soft.detach()}
        loss = (1 - self.weight) * loss + self.weight * soft
        if self.hidden_weight:
            distance = self._distance(model, batch, outputs, taught)
            parts["hidden"] = distance.detach()
            loss = loss + self.hidden_weight * distance
        return loss, parts

    def _teacher_logits(self, taught: Batch, positions: Tensor) -> Tensor:
        logits = comparable_logits(taught, positions)
        return logits if self.columns is None else logits[:, self.columns]

    def _distance(self, model: nn.Module, batch: Batch, outputs: Batch, taught: Batch) -> Tensor:
        """Return the mean squared distance of projected hidden states, averaged over layers."""
        companion = batch[TEACHER]
        projections = getattr(model, PROJECTIONS, {})
        distances = []
        for mine, theirs in self.layer_map.items():
            own = self._states(outputs, mine, batch, companion[OWN_POSITIONS])
            if str(mine) in projections:
                own = projections[str(mine)](own)
            target = self._states(taught, theirs, companion, companion[THEIR_POSITIONS]).float()
            distances.append(F.mse_loss(own.float(), target, reduction="sum") / max(1, target.numel()))
        return torch.stack(distances).mean()

    def _states(self, outputs: Batch, layer: int, batch: Batch, positions: Tensor) -> Tensor:
        """Return the states of a layer that are compared, (N, H)."""
        states: Tensor = outputs["hidden_states"][layer]
        if not self.whole_texts:
            return at_positions(states, positions)
        mask = batch["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


def spread_layers(num_student: int, num_teacher: int) -> dict[int, int]:
    """Return the layer of the teacher that each layer of the student imitates, spread evenly; the last the last."""
    return {layer: round(layer * num_teacher / num_student) for layer in range(1, num_student + 1)}


def check_layer_map(layer_map: Mapping[int, int], num_student: int, num_teacher: int) -> None:
    """Raise SettingsError naming the first layer that the student or the teacher lacks."""
    for mine, theirs in layer_map.items():
        for whose, layer, number in (("student", mine, num_student), ("teacher", theirs, num_teacher)):
            if layer > number:
                raise SettingsError(
                    f"distillation.layer_map={dict(layer_map)}: the {whose} has {number} layers (and 0, the "
                    f"embeddings), got {layer}"
                )


def attach_projections(student: nn.Module, layers: Sequence[int], student_size: int, teacher_size: int) -> None:
    """Give the student a projection to the teacher's size for each layer that is compared, none if sizes agree."""
    if student_size != teacher_size:
        projections = {str(layer): nn.Linear(student_size, teacher_size) for layer in layers}
        student.add_module(PROJECTIONS, nn.ModuleDict(projections))


def detach_projections(student: nn.Module) -> None:
    """Take the projections away again: they are no part of the finished model."""
    if hasattr(student, PROJECTIONS):
        delattr(student, PROJECTIONS)
