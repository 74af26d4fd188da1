"""Training on several tasks: batches that alternate between tasks, and the losses of each."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import TrainerControl

from charbert.seeding import numpy_generator
from charbert.training.distributed.batches import read_examples
from charbert.training.losses.extra_losses import Batch, ExtraLoss, Losses
from charbert.training.trainer import CharBertTrainer

TASK = "task"
"""Field of a batch that names its task."""
_BATCHES_SORTED = 50
"""Batches whose examples are sorted by length together, as the library's sampler does."""


def batch_counts(sizes: Mapping[str, int], batch_size: int, temperature: float) -> dict[str, int]:
    """Return the number of batches of each task in an epoch, at least one.

    Their sum is that of all sets, or slightly more where a task's share is less than one.

    Args:
        temperature: a task's share is proportional to size ** (1 / temperature); 1: to its size; inf: uniform.
    """
    total = sum(math.ceil(size / batch_size) for size in sizes.values())
    weights = {name: size ** (1 / temperature) for name, size in sizes.items()}
    exact = {name: total * weight / sum(weights.values()) for name, weight in weights.items()}
    counts = {name: max(1, math.floor(share)) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: max(0, total - sum(counts.values()))]:
        counts[name] += 1
    return counts


@dataclass(eq=False)
class TaskBatches(Dataset[dict[str, Any]]):
    """Dataset whose items are whole batches: ``task``, and ``features``, a list of its examples.

    Each task's examples are repeated in a new order each time; an epoch continues where the one before ended. The
    content of a batch depends only on the seed, the epoch and the batch's number.
    """

    sets: Mapping[str, Any]
    counts: Mapping[str, int]
    batch_size: int
    seed: int
    lengths: Mapping[str, Sequence[int]] | None = None
    """Subwords of each example, to batch those of similar length; None: in random order."""

    def __post_init__(self) -> None:
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._schedule: tuple[int, list[tuple[str, list[int]]]] = (-1, [])

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, in running data loader processes too, and of the sets that depend on it."""
        self._epoch.fill_(epoch)
        for examples in self.sets.values():
            if hasattr(examples, "set_epoch"):
                examples.set_epoch(epoch)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return one batch of the epoch."""
        epoch = int(self._epoch)
        if self._schedule[0] != epoch:
            plan = [(name, batch) for name in self.sets for batch in self.plan(name, epoch)]
            self._schedule = (epoch, plan)
        name, numbers = self._schedule[1][number]
        return {TASK: name, "features": read_examples(self.sets[name], numbers)}

    def plan(self, name: str, epoch: int) -> Iterator[list[int]]:
        """Yield the examples of each batch of a task in an epoch."""
        wanted = self.counts[name] * self.batch_size
        numbers = self._stream(name, epoch * wanted, wanted)
        if self.lengths is not None:
            lengths, window = self.lengths[name], _BATCHES_SORTED * self.batch_size
            numbers = [
                number
                for start in range(0, wanted, window)
                for number in sorted(numbers[start : start + window], key=lambda each: -lengths[each])
            ]
        for start in range(0, wanted, self.batch_size):
            yield numbers[start : start + self.batch_size]

    def _stream(self, name: str, start: int, wanted: int) -> list[int]:
        """Return a slice of the endless sequence of a task's examples, one pass after the other."""
        size = len(self.sets[name])
        first, last = start // size, (start + wanted - 1) // size
        passes = [
            numpy_generator(self.seed, "multi-task order", name, each).permutation(size).tolist()
            for each in range(first, last + 1)
        ]
        numbers = [number for order in passes for number in order]
        return numbers[start - first * size : start - first * size + wanted]


@dataclass(eq=False)
class TaskBatchCollator:
    """Collates the single item of a batch of `TaskBatches` with its task's collator."""

    collators: Mapping[str, Callable[..., dict[str, Any]]]

    def __call__(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the task's batch, with the task's name in it and in its paired batches."""
        (item,) = items
        batch = self.collators[item[TASK]](item["features"])
        for value in batch.values():
            if isinstance(value, dict):
                value[TASK] = item[TASK]
        return {TASK: item[TASK], **batch}


@dataclass(eq=False)
class TaskLosses(ExtraLoss):
    """The extra losses of each task, by its name."""

    losses: Mapping[str, Sequence[ExtraLoss]]

    @property
    def forward_options(self) -> Mapping[str, Any]:
        """The options that any of the losses needs."""
        losses = chain.from_iterable(self.losses.values())
        return dict(chain.from_iterable(extra_loss.forward_options.items() for extra_loss in losses))

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        """Return the loss with those of the batch's task."""
        parts: dict[str, Tensor] = {}
        for extra_loss in self.losses[batch[TASK]]:
            loss, more = extra_loss(model, batch, outputs, loss)
            parts |= more
        return loss, parts


class MultiTaskTrainer(CharBertTrainer):
    """Trainer that evaluates by a function, since each task has its own evaluation.

    Args:
        evaluation: returns the scores of the development sets, by names that begin with ``eval_``.
        arguments: as for `CharBertTrainer`.
    """

    def __init__(self, *, evaluation: Callable[[], dict[str, float]], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.control: TrainerControl
        self.evaluation = evaluation

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return and log the scores of all tasks."""
        metrics = self.evaluation()
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
