"""The features of a training set in another form: as another model reads them, or with typos in them.

A feature may be a window of its example. Its aligned example shows the same piece, so that the two can be compared
position by position: tags by the first subwords of words, spans by subwords of the context, labels of texts as a whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task

Pairs = list[tuple[int, int]]
"""Position in a feature, and in its other form."""


@dataclass(frozen=True)
class AlignedExample:
    """A feature in another form, and which positions correspond."""

    feature: dict[str, Any]
    """With labels."""
    pairs: Pairs


class ExampleAligner(ABC):
    """Encodes the pieces that features show; a subclass fits a kind of label.

    Args:
        max_length: most subwords of an aligned example.
    """

    compares_texts: ClassVar[bool] = False
    """Whether two forms of a feature without pairs of positions can be compared as a whole."""

    def __init__(self, task: Task[Any, Any], examples: Sequence[Any], encoded: Encoded, max_length: int) -> None:
        self.task = task
        self.encoded = encoded
        self.max_length = max_length
        self.pieces = [self._piece(examples, number) for number in range(len(encoded.features))]
        """What each feature shows, as an example."""

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, numbers: Sequence[int], pieces: Sequence[Any], processor: Processor) -> list[AlignedExample]:
        """Return the aligned example of each feature.

        Args:
            pieces: their texts: ``self.pieces`` of these numbers, or the same with other words.
        """
        encoded = self.task.encode(pieces, processor, self.max_length)
        rows: list[list[int]] = [[] for _ in numbers]
        for row, feature in enumerate(encoded.features):
            rows[feature[EXAMPLE_IDS]].append(row)
        return [self._aligned(number, encoded, own) for number, own in zip(numbers, rows, strict=True)]

    def read_by(self, processor: Processor) -> list[AlignedExample]:
        """Return all features as a teacher with this processor reads them."""
        return self.encode(range(len(self)), self.pieces, processor)

    def itself(self, number: int) -> AlignedExample:
        """Return the feature aligned with itself."""
        return AlignedExample(self.encoded.features[number], [(place, place) for place in self._own_places(number)])

    @abstractmethod
    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        """Return what a feature shows."""

    @abstractmethod
    def _own_places(self, number: int) -> list[int]:
        """Return the positions of a feature that can be compared."""

    @abstractmethod
    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        """Return the aligned example among the features ``rows`` of a piece."""
