"""Training examples that bring companions: the same as a teacher reads them, or with typos, new in each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from charbert.batch import EXAMPLE_IDS, NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS, Processor
from charbert.noise.edits import NoiseModel
from charbert.seeding import derive_seed, numpy_generator
from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner, Pairs, inputs_of


@dataclass(frozen=True)
class TrainingNoise:
    """Which examples of an epoch get typos, and what becomes of them.

    What is drawn for an example depends on the seed, the epoch and its number alone.
    """

    model: NoiseModel
    processor: Processor
    seed: int
    examples: float
    """Share of the examples that get typos."""
    beside: bool
    """Whether the noised copy stands beside the clean example instead of in its place."""

    def draws(self, epoch: int, number: int) -> bool:
        """Return whether an example gets typos."""
        return bool(numpy_generator(self.seed, "noised example", epoch, number).random() < self.examples)

    def copies(self, counterparts: ExampleAligner, epoch: int, numbers: Sequence[int]) -> list[AlignedExample]:
        """Return a new noised copy of each feature; labels stay with their words."""
        pieces = []
        for number in numbers:
            seed = derive_seed(self.seed, "training noise", epoch, number)
            pieces += counterparts.task.attack([counterparts.pieces[number]], self.model, seed)[0]
        return counterparts.encode(numbers, pieces, self.processor)


class PairedDataset(Dataset[dict[str, Any]]):
    """Features, some with typos in them or beside them, and each with what a teacher reads.

    Args:
        counterparts: the features, and what encodes them in other forms.
        teacher: the counterpart of each feature for the teacher's processor; None: no teacher.
        noise: None leaves the text clean.
    """

    def __init__(
        self,
        counterparts: ExampleAligner,
        *,
        teacher: Sequence[AlignedExample] | None = None,
        noise: TrainingNoise | None = None,
    ) -> None:
        self.counterparts = counterparts
        self.teacher = teacher
        self.noise = noise
        # Shared memory: data loader processes that outlive an epoch must learn of the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Draw the typos of another epoch from now on, in running data loader processes too."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.counterparts)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the clean features, whose lengths batches are grouped by."""
        return iter(self.counterparts.encoded.features)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return one feature; see ``__getitems__``."""
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return features of this epoch, with companions under ``teacher`` and ``noised``."""
        copies = self._noised(numbers)
        features = []
        for number in numbers:
            feature = dict(self.counterparts.encoded.features[number])
            own: Pairs | None = None  # positions in the clean feature, and in the one that is read
            if self.noise is not None and self.noise.beside:
                feature[NOISED] = _paired(copies.get(number) or self.counterparts.itself(number))
            elif number in copies:
                feature = copies[number].feature | {EXAMPLE_IDS: feature[EXAMPLE_IDS]}
                own = copies[number].pairs
            if self.teacher is not None:
                feature[TEACHER] = _paired(self.teacher[number], own)
            features.append(feature)
        return features

    def _noised(self, numbers: Sequence[int]) -> dict[int, AlignedExample]:
        if self.noise is None:
            return {}
        epoch = int(self._epoch)
        drawn = [number for number in numbers if self.noise.draws(epoch, number)]
        if not drawn:
            return {}
        return dict(zip(drawn, self.noise.copies(self.counterparts, epoch, drawn), strict=True))


def _paired(other: AlignedExample, own: Pairs | None = None) -> dict[str, Any]:
    """Return the inputs of a counterpart, and the pairs of positions that it shares with what is read.

    Args:
        other: the counterpart of a clean feature.
        own: where the positions of the clean feature are in the one that is read; None: it is read itself.
    """
    pairs = other.pairs
    if own is not None:
        moved = dict(own)
        pairs = [(moved[position], their_position) for position, their_position in pairs if position in moved]
    return inputs_of(other.feature) | {
        OWN_POSITIONS: [position for position, _ in pairs],
        THEIR_POSITIONS: [two for _, two in pairs],
    }
