"""Knowledge distillation: a student that learns from a teacher's logits and hidden states.

Hinton et al. (2015): softened logits; Jiao et al. (2020, TinyBERT): hidden states, layer by layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.batch import OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.errors import SettingsError
from charbert.training.losses.extra_losses import Batch, ExtraLoss, Losses
from charbert.training.losses.paired_losses import at_positions, comparable_logits, divergence, teacher_outputs

PROJECTIONS = "distillation_projections"
"""Attribute of a student that holds the projections in training, so that checkpoints contain them."""


@dataclass(eq=False)
class Distillation(ExtraLoss):
    """Mixes the loss with the divergence from a teacher's logits, and adds the distance from its hidden states.

    The teacher reads the paired batch in its own encoding, without dropout, and never changes.
    """

    teacher: nn.Module
    """A fine-tuned model with the student's head."""
    _: KW_ONLY
    weight: float
    """Share of the divergence from the teacher's logits in the loss, in [0, 1]."""
    temperature: float
    """Softens both distributions; the loss is multiplied by its square."""
    hidden_weight: float = 0.0
    """Of the distance between hidden states."""
    layer_map: Mapping[int, int] = field(default_factory=dict)
    """Layer of the student -> layer of the teacher, 0 the embeddings."""
    columns: Sequence[int] | None = None
    """The teacher's logit for each of the student's; None: the same order, or no labels."""
    whole_texts: bool = False
    """Compare the means of hidden states over texts instead of positions, for tokenizers that differ."""

    def __post_init__(self) -> None:
        self.teacher.eval().requires_grad_(False)

    @property
    def forward_options(self) -> dict[str, Any]:
        """Request hidden states where they are compared."""
        return {"output_hidden_states": True} if self.hidden_weight else {}

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with the teacher's share, and the parts ``distillation`` and ``hidden``."""
        paired = batch[TEACHER]
        taught = teacher_outputs(self.teacher, paired, **self.forward_options)
        target = comparable_logits(taught, paired[THEIR_POSITIONS])
        target = target if self.columns is None else target[:, list(self.columns)]
        own = comparable_logits(outputs, paired[OWN_POSITIONS])
        soft = self.temperature**2 * divergence(target, own, self.temperature)
        parts = {"distillation": soft.detach()}
        loss = (1 - self.weight) * loss + self.weight * soft
        if self.hidden_weight:
            distance = self._distance(model, batch, outputs, taught)
            parts["hidden"] = distance.detach()
            loss = loss + self.hidden_weight * distance
        return loss, parts

    def _distance(self, model: nn.Module, batch: Batch, outputs: Batch, taught: Batch) -> Tensor:
        """Return the mean squared distance of projected hidden states, averaged over layers."""
        paired = batch[TEACHER]
        projections = getattr(model, PROJECTIONS, {})
        distances = []
        for student_layer, teacher_layer in self.layer_map.items():
            own = self._states(outputs, student_layer, batch, paired[OWN_POSITIONS])
            if str(student_layer) in projections:
                own = projections[str(student_layer)](own)
            target = self._states(taught, teacher_layer, paired, paired[THEIR_POSITIONS]).float()
            distances.append(F.mse_loss(own.float(), target, reduction="sum") / max(1, target.numel()))
        return torch.stack(distances).mean()

    def _states(self, outputs: Batch, layer: int, batch: Batch, positions: Tensor) -> Tensor:
        """Return the compared states of a layer, (N, H)."""
        states: Tensor = outputs["hidden_states"][layer]
        if not self.whole_texts:
            return at_positions(states, positions)
        mask = batch["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


def spread_layers(num_student: int, num_teacher: int) -> dict[int, int]:
    """Return the teacher's layer for each layer of the student, spread evenly; the last for the last."""
    return {layer: round(layer * num_teacher / num_student) for layer in range(1, num_student + 1)}


def check_layer_map(layer_map: Mapping[int, int], num_student: int, num_teacher: int) -> None:
    """Raise SettingsError naming a layer that the student or the teacher lacks."""
    for owner, layers, number in (("student", layer_map, num_student), ("teacher", layer_map.values(), num_teacher)):
        if (layer := max(layers, default=0)) > number:
            raise SettingsError(
                f"distillation.layer_map={dict(layer_map)}: the {owner} has {number} layers (and 0, the embeddings), "
                f"got {layer}"
            )


def attach_projections(student: nn.Module, layers: Sequence[int], student_size: int, teacher_size: int) -> None:
    """Add a projection to the teacher's hidden size for each compared layer of the student, none for equal sizes."""
    if student_size != teacher_size:
        projections = {str(layer): nn.Linear(student_size, teacher_size) for layer in layers}
        student.add_module(PROJECTIONS, nn.ModuleDict(projections))


def detach_projections(student: nn.Module) -> None:
    """Remove the projections, which do not belong to the finished model."""
    if hasattr(student, PROJECTIONS):
        delattr(student, PROJECTIONS)
