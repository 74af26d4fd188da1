"""Training examples with paired ones beside them: the same as a teacher reads it, or with typos new in each epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from charbert.batch import EXAMPLE_IDS, NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS, Processor
from charbert.noise.edits import NoiseModel
from charbert.seeding import derive_seed, numpy_generator
from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner, Pairs
from charbert.tasks.encoded import model_inputs


@dataclass(frozen=True)
class TrainingNoise:
    """Which examples of an epoch get typos, and whether a noised copy replaces its example.

    What is drawn for an example depends on the seed, the epoch and its number alone.
    """

    model: NoiseModel
    processor: Processor
    seed: int
    examples: float
    """Share of the examples that get typos."""
    beside: bool
    """Whether the noised copy is added to the clean example instead of replacing it."""

    def draws(self, epoch: int, number: int) -> bool:
        """Return whether an example gets typos."""
        return bool(numpy_generator(self.seed, "noised example", epoch, number).random() < self.examples)

    def copies(self, aligner: ExampleAligner, epoch: int, numbers: Sequence[int]) -> list[AlignedExample]:
        """Return a new noised copy of each feature; labels stay with their words."""
        pieces = []
        for number in numbers:
            seed = derive_seed(self.seed, "training noise", epoch, number)
            pieces += aligner.task.attack([aligner.pieces[number]], self.model, seed)[0]
        return aligner.encode(numbers, pieces, self.processor)


@dataclass(eq=False)
class PairedDataset(Dataset[dict[str, Any]]):
    """Features, some with typos in them or with a noised copy beside them, each with the teacher's form of it."""

    aligner: ExampleAligner
    """The features, and how they are encoded in other forms."""
    _: KW_ONLY
    teacher: Sequence[AlignedExample] | None = None
    """Each feature as the teacher's processor reads it; None: no teacher."""
    noise: TrainingNoise | None = None
    """None leaves the text clean."""

    def __post_init__(self) -> None:
        # Shared memory: data loader processes that outlive an epoch must learn of the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Draw the typos of another epoch, in running data loader processes too."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.aligner)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give the clean features, whose lengths batches are grouped by."""
        return iter(self.aligner.encoded.features)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return one feature; see ``__getitems__``."""
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return features of this epoch, with their paired forms under ``teacher`` and ``noised``."""
        copies = self._noised(numbers)
        features = []
        for number in numbers:
            feature = dict(self.aligner.encoded.features[number])
            own: Pairs | None = None  # positions in the clean feature, and in the one that is read
            if self.noise is not None and self.noise.beside:
                feature[NOISED] = _paired(copies.get(number) or self.aligner.itself(number))
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
        return dict(zip(drawn, self.noise.copies(self.aligner, epoch, drawn), strict=True))


def _paired(other: AlignedExample, own: Pairs | None = None) -> dict[str, Any]:
    """Return the inputs of an aligned example, and the positions that correspond in the feature that is read.

    Args:
        other: aligned with a clean feature.
        own: positions of the clean feature, and of the noised one that is read in its place; None: the clean one is.
    """
    pairs = other.pairs
    if own is not None:
        moved = dict(own)
        pairs = [(moved[position], their_position) for position, their_position in pairs if position in moved]
    return model_inputs(other.feature) | {
        OWN_POSITIONS: [position for position, _ in pairs],
        THEIR_POSITIONS: [position for _, position in pairs],
    }
