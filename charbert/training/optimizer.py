"""The optimizer and its parameter groups: learning rates and weight decay."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from charbert.config.training.trainer import Algorithm, OptimizerSettings

_LIBRARY_NAMES = {Algorithm.sgd: "sgd", Algorithm.rmsprop: "rmsprop", Algorithm.adafactor: "adafactor"}
"""The Trainer's names of algorithms; AdamW is its default, Adam it does not have."""


@dataclass(frozen=True)
class WeightRate:
    """The name of a weight's group, and its peak rate."""

    group: str
    rate: float | None
    """None: the optimizer's."""


def algorithm_arguments(settings: OptimizerSettings) -> dict[str, Any]:
    """Return the Trainer's arguments for the algorithm."""
    if settings.algorithm not in _LIBRARY_NAMES:
        return {}
    momentum = f"momentum={settings.momentum}" if settings.momentum else None
    return {"optim": _LIBRARY_NAMES[settings.algorithm], "optim_args": momentum}


def own_optimizer(settings: OptimizerSettings) -> tuple[type[torch.optim.Optimizer], dict[str, Any]] | None:
    """Return class and options of an algorithm that the Trainer does not have, None for the others."""
    if settings.algorithm is not Algorithm.adam:
        return None
    return torch.optim.Adam, {"lr": settings.learning_rate, "eps": settings.adam_epsilon}


def trunk_and_new_weights(model: nn.Module, new_weights_learning_rate: float | None) -> dict[str, WeightRate]:
    """Return the default groups: the trunk's weights, whose name has a ``trunk`` part, and the others.

    Args:
        model: a CharBERT model with or without a head, or a plain trunk.
        new_weights_learning_rate: peak rate of weights outside the trunk; None: the optimizer's rate.
    """
    new, trunk = WeightRate("new weights", new_weights_learning_rate), WeightRate("trunk", None)
    return {name: trunk if "trunk" in name.split(".") else new for name, _ in model.named_parameters()}


def parameter_groups(
    model: nn.Module, decayed: Collection[str], weight_decay: float, rates: Mapping[str, WeightRate]
) -> list[dict[str, Any]]:
    """Return optimizer groups: the groups of ``rates``, each with and without weight decay.

    Args:
        model: its weights that need a gradient are in the groups.
        decayed: names of the weights that decay (biases and norms do not).
        weight_decay: their decay, in [0, 1).
        rates: group and peak rate of each weight, by name.
    """
    groups: dict[tuple[WeightRate, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((rates[name], name in decayed), []).append(parameter)
    return [
        {"name": rate.group, "params": parameters, "weight_decay": weight_decay if decays else 0.0}
        | ({} if rate.rate is None else {"lr": rate.rate})
        for (rate, decays), parameters in groups.items()
    ]


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Return the numbers of all weights, adapters included, and of those that need a gradient."""
    sizes = [
        (parameter.numel(), parameter.requires_grad)
        for name, parameter in model.named_parameters()
        if "original_module" not in name.split(".")  # peft keeps a copy of each module that it trains in full
    ]
    return {"total": sum(size for size, _ in sizes), "trainable": sum(size for size, trained in sizes if trained)}


def peak_rates(optimizer: torch.optim.Optimizer | None) -> dict[str, float]:
    """Return the peak rate of each group by name, after training has started."""
    groups = optimizer.param_groups if optimizer is not None else []
    return {group["name"]: float(group.get("initial_lr", group["lr"])) for group in groups}
