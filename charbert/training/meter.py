"""Running averages of the pretraining objectives between two log lines."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from charbert.batch import OBJECTIVES
from charbert.training.distributed.processes import sum_over_processes

_SUMMED = tuple(
    f"{objective}_{part}"
    for objective in OBJECTIVES
    for part in ("loss", "count", "correct", "known_count", "known_correct")
)


class ObjectiveMeter:
    """Sums losses and correct predictions over batches, weighted by the number of labeled positions.

    Sums stay on the device until `take`, so that counting never waits for a GPU.
    """

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._parts: dict[str, list[torch.Tensor]] = {}

    def add(self, outputs: Mapping[str, Any]) -> None:
        """Add a batch's outputs: ``<objective>_loss``, ``<objective>_count`` and ``<objective>_correct``, and if
        present ``<objective>_known_count`` and ``<objective>_known_correct``."""
        for objective in OBJECTIVES:
            loss, count = outputs.get(f"{objective}_loss"), outputs.get(f"{objective}_count")
            if loss is None or count is None:
                continue
            self._accumulate(f"{objective}_loss", _widened(loss) * count)
            self._accumulate(f"{objective}_count", count)
            self._accumulate(f"{objective}_correct", outputs[f"{objective}_correct"])
            if outputs.get(f"{objective}_known_count") is not None:
                for part in ("count", "correct"):
                    self._accumulate(f"{objective}_known_{part}", outputs[f"{objective}_known_{part}"])

    def add_parts(self, parts: Mapping[str, torch.Tensor]) -> None:
        """Add a batch's extra losses, by name."""
        for name, loss in parts.items():
            self._parts.setdefault(name, []).append(loss.detach())

    def take(self) -> dict[str, float]:
        """Return the averages since the last call, over all processes, and reset.

        Keys: ``mlm_loss``, ``mlm_perplexity``, ``mlm_accuracy``, ``nlm_loss``, ``nlm_accuracy``, which counts a word
        outside the vocabulary as right where ``<unk>`` is predicted, and ``nlm_accuracy_known`` over the other words;
        ``<part>_loss`` of each extra loss, the mean over batches.
        """
        sums = self._total()
        averages = {f"{name}_loss": _mean_over_all(losses) for name, losses in self._parts.items()}
        self._sums, self._parts = {}, {}
        for objective in OBJECTIVES:
            count = sums.get(f"{objective}_count", 0)
            if count:
                averages[f"{objective}_loss"] = sums[f"{objective}_loss"] / count
                averages[f"{objective}_accuracy"] = sums[f"{objective}_correct"] / count
            known = sums.get(f"{objective}_known_count", 0)
            if known:
                averages[f"{objective}_accuracy_known"] = sums[f"{objective}_known_correct"] / known
        if "mlm_loss" in averages:
            averages["mlm_perplexity"] = math.exp(min(averages["mlm_loss"], 700.0))
        return averages

    def state(self) -> dict[str, Any]:
        """Return the sums since the last `take`, as tensors on the CPU."""
        parts = {name: [loss.cpu() for loss in losses] for name, losses in self._parts.items()}
        return {"sums": {name: value.cpu() for name, value in self._sums.items()}, "parts": parts}

    def restore(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Restore what `state` returned."""
        self._sums = {name: _widened(value, device) for name, value in state["sums"].items()}
        self._parts = {name: [loss.to(device) for loss in losses] for name, losses in state["parts"].items()}

    def _total(self) -> dict[str, float]:
        """Return the sums over all processes; a missing sum is 0, so that all processes add the same ones."""
        zero = next((torch.zeros_like(value) for value in self._sums.values()), torch.zeros((), dtype=torch.float64))
        totals = sum_over_processes(torch.stack([self._sums.get(name, zero) for name in _SUMMED]))
        return dict(zip(_SUMMED, totals.tolist(), strict=True))

    def _accumulate(self, name: str, value: torch.Tensor | int) -> None:
        addend = _widened(torch.as_tensor(value))
        self._sums[name] = self._sums[name] + addend if name in self._sums else addend


def _widened(value: torch.Tensor, device: torch.device | None = None) -> torch.Tensor:
    """Return a value in 64 bits, in 32 on a GPU of Apple, which has no more, and on the device if one is given."""
    where = value.device if device is None else device
    return value.detach().to(where, torch.float32 if where.type == "mps" else torch.float64)


def _mean_over_all(values: list[torch.Tensor]) -> float:
    total = sum_over_processes(torch.stack([torch.stack(values).sum(), torch.tensor(float(len(values))).to(values[0])]))
    return (total[0] / total[1]).item()
