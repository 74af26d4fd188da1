"""The examples that each process reads in each step.

The batches of an epoch depend only on the seed and the epoch. Several processes divide each batch, so that together
they see every example of an epoch once, in the same batches as a single process. A resumed run skips batches without
reading their examples.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices

from charbert.batch import EXAMPLE_IDS, NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS

FILLER = "filler"
"""Field of a batch that is ignored: the last batch of an epoch had no example left for this process."""

_NOT_INPUTS = (EXAMPLE_IDS, TEACHER, NOISED, OWN_POSITIONS, THEIR_POSITIONS, FILLER)


def model_fields(batch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's inputs: a batch, or a paired one, without the fields for the trainer and the extra losses."""
    return {name: value for name, value in batch.items() if name not in _NOT_INPUTS}


class Filler(int):
    """Index of an example for a process without one in the last batch of an epoch; it is ignored."""


class SharedBatches(Sampler[list[int]]):
    """Yields the indices of this process's part of each batch of an epoch.

    The order is that of the library's seeded sampler; with lengths that of its length-grouped one, seeded as well, so
    that a resumed run has the order of an uninterrupted one.

    Args:
        examples: with a length; ``set_epoch`` is called if they have it.
        batch_size: examples of a batch, of all processes together; a multiple of their number.
        seed: of the order; None: the order of the examples.
        lengths: length of each example, to batch those of similar length; None: in random order.
        window: examples of an optimizer step, which grouping keeps together.
        count: of processes.
    """

    def __init__(
        self,
        examples: Any,
        batch_size: int,
        seed: int | None,
        *,
        lengths: Sequence[int] | None = None,
        window: int | None = None,
        index: int = 0,
        count: int = 1,
    ) -> None:
        self.examples = examples
        self.seed = seed
        self.lengths = None if lengths is None else list(lengths)
        self.window = window or batch_size
        self.index = index
        self.num_processes = count
        self.batch_size = batch_size // count
        """Of this process, as accelerate wants to know."""
        self.drop_last = False
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, also of the examples if they depend on it."""
        self.epoch = epoch
        if hasattr(self.examples, "set_epoch"):
            self.examples.set_epoch(epoch)

    def __len__(self) -> int:
        return -(-len(self.examples) // (self.batch_size * self.num_processes))

    def __iter__(self) -> Iterator[list[int]]:
        order, size = self._order(), self.batch_size * self.num_processes
        for start in range(0, len(order), size):
            here = min(size, len(order) - start)
            first, last = (start + here * part // self.num_processes for part in (self.index, self.index + 1))
            yield order[first:last].tolist() if first < last else [Filler(int(order[start]))]

    def _order(self) -> Tensor:
        """Return the indices of the epoch's examples in order, (N,)."""
        if self.seed is None:
            return torch.arange(len(self.examples))
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        if self.lengths is None:
            return torch.randperm(len(self.examples), generator=generator)
        return torch.tensor(get_length_grouped_indices(self.lengths, self.window, generator=generator))


@dataclass(eq=False)
class FilledExamples(Dataset[Mapping[str, Any]]):
    """Examples, some of which are fillers."""

    examples: Any

    def __len__(self) -> int:
        return len(self.examples)

    def __getitems__(self, indices: Sequence[int]) -> list[Mapping[str, Any]]:
        """Return the examples; one of an index that is a `Filler` has the field ``filler``."""
        pairs = zip(indices, read_examples(self.examples, indices), strict=True)
        return [{**row, FILLER: 1} if isinstance(index, Filler) else row for index, row in pairs]


@dataclass(eq=False)
class FillingCollator:
    """Collates as another collator, and keeps the field ``filler``."""

    collate: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the batch, with the field ``filler`` if it has fillers."""
        plain = [{name: value for name, value in row.items() if name != FILLER} for row in features]
        fields = {FILLER: torch.ones(len(features))} if FILLER in features[0] else {}
        return {**self.collate(plain), **fields}


def read_examples(examples: Any, indices: Sequence[int]) -> list[Any]:
    """Return several examples, read at once if they have ``__getitems__``."""
    several = getattr(examples, "__getitems__", None)
    return several(indices) if several else [examples[index] for index in indices]


def example_lengths(examples: Any) -> list[int]:
    """Return the number of subwords of each example."""
    return [len(example["input_ids"]) for example in examples]
