"""Which weights share a learning rate and a weight decay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import nn


def parameter_groups(
    model: nn.Module,
    decayed: Collection[str],
    weight_decay: float,
    new_weights_learning_rate: float | None = None,
) -> list[dict[str, Any]]:
    """Return optimizer groups: trunk and new weights, each with and without weight decay.

    Args:
        model: a CharBERT model with or without a head; weights whose name has a ``trunk`` part are the trunk's.
        decayed: names of the weights that decay (biases and norms do not).
        weight_decay: their decay, in [0, 1).
        new_weights_learning_rate: peak rate of what is not in the trunk; None: the optimizer's own rate.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_new = "trunk" not in name.split(".")
            groups.setdefault((is_new, name in decayed), []).append(parameter)
    result = []
    for (is_new, decays), parameters in groups.items():
        group: dict[str, Any] = {"params": parameters, "weight_decay": weight_decay if decays else 0.0}
        if is_new and new_weights_learning_rate is not None:
            group["lr"] = new_weights_learning_rate
        result.append(group)
    return result
