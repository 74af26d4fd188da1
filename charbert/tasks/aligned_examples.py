"""The features of a training set in another form: as another model reads them, or with typos in them.

A feature may be a window of its example. Its counterpart shows the same piece, so that the two can be compared
position by position: tags by the first subwords of words, spans by subwords of the context, labels of texts as a whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from charbert.batch import EXAMPLE_IDS, LABEL_FIELDS, Processor
from charbert.data.encoding.spans import CLS_POSITION, SpanWindow
from charbert.errors import SettingsError
from charbert.tasks.task import Encoded, Task

Pairs = list[tuple[int, int]]
"""Position in a feature, and in its counterpart."""


@dataclass(frozen=True)
class AlignedExample:
    """A feature's other form, and which of their positions belong together."""

    feature: dict[str, Any]
    """With labels."""
    pairs: Pairs


class ExampleAligner(ABC):
    """Encodes the pieces that features show; a subclass fits a kind of label.

    Args:
        task: the benchmark.
        examples: the training examples.
        encoded: their features.
        max_length: most subwords of a counterpart.
    """

    def __init__(self, task: Task[Any, Any], examples: Sequence[Any], encoded: Encoded, max_length: int) -> None:
        self.task = task
        self.encoded = encoded
        self.max_length = max_length
        self.pieces = [self._piece(examples, number) for number in range(len(encoded.features))]
        """What each feature shows, as an example."""

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, numbers: Sequence[int], pieces: Sequence[Any], processor: Processor) -> list[AlignedExample]:
        """Return the counterpart of each feature.

        Args:
            numbers: the features.
            pieces: what their counterparts show: ``self.pieces`` of these numbers, or the same with other words.
            processor: text to model inputs.
        """
        encoded = self.task.encode(pieces, processor, self.max_length)
        rows: list[list[int]] = [[] for _ in numbers]
        for row, feature in enumerate(encoded.features):
            rows[feature[EXAMPLE_IDS]].append(row)
        return [
            self._aligned(number, encoded, feature_rows) for number, feature_rows in zip(numbers, rows, strict=True)
        ]

    def itself(self, number: int) -> AlignedExample:
        """Return the feature as a counterpart of its own."""
        return AlignedExample(self.encoded.features[number], [(place, place) for place in self._own_places(number)])

    def same_subwords(self, number: int, other: AlignedExample) -> AlignedExample:
        """Return a counterpart from a model that must read the same subwords, all of them paired.

        Raises:
            SettingsError: if it reads others.
        """
        own = list(self.encoded.features[number]["input_ids"])
        if own != list(other.feature["input_ids"]):
            raise SettingsError(
                f"task={self.task.name}: the teacher's tokenizer reads example "
                f"{self.encoded.features[number][EXAMPLE_IDS]} in other subwords than the student's; answers are "
                "compared subword by subword, so choose a teacher and a student with the same tokenizer"
            )
        return replace(other, pairs=[(place, place) for place in range(len(own))])

    @abstractmethod
    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        """Return what a feature shows."""

    @abstractmethod
    def _own_places(self, number: int) -> list[int]:
        """Return the positions of a feature that can be compared."""

    @abstractmethod
    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        """Return the counterpart among the features ``rows`` of a piece."""


class TextAligner(ExampleAligner):
    """Labels of texts: nothing to align, but that subwords are the same where both tokenizers are."""

    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        return examples[self.encoded.features[number][EXAMPLE_IDS]]

    def _own_places(self, number: int) -> list[int]:
        return list(range(len(self.encoded.features[number]["input_ids"])))

    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        own, other = self.encoded.features[number], encoded.features[rows[0]]
        same = list(own["input_ids"]) == list(other["input_ids"])
        return AlignedExample(other, [(place, place) for place in self._own_places(number)] if same else [])


class TagAligner(ExampleAligner):
    """Tags of words: the first subword of a word belongs to that of the same word.

    A counterpart that is too long for one feature keeps its first words; the others have no partner.
    """

    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        window = self.encoded.origin.windows[number]
        example, end = examples[window.sentence], window.first_word + len(window.positions)
        words, tags = example.words[window.first_word : end], example.tags[window.first_word : end]
        return replace(example, words=words, tags=tags)

    def _own_places(self, number: int) -> list[int]:
        return [place for place in self.encoded.origin.windows[number].positions if place is not None]

    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        own, other = self.encoded.origin.windows[number].positions, encoded.origin.windows[rows[0]].positions
        both = zip(own, other, strict=False)
        return AlignedExample(
            encoded.features[rows[0]],
            [
                (own_position, other_position)
                for own_position, other_position in both
                if own_position is not None and other_position is not None
            ],
        )


class SpanAligner(ExampleAligner):
    """Answers in a context: subwords belong together that stand at the same place of it, and so do the beginnings."""

    def __init__(self, task: Task[Any, Any], examples: Sequence[Any], encoded: Encoded, max_length: int) -> None:
        self._ordinals: list[int] = []
        for number, window in enumerate(encoded.origin.windows):
            follows = number > 0 and encoded.origin.windows[number - 1].example == window.example
            self._ordinals.append(self._ordinals[-1] + 1 if follows else 0)
        super().__init__(task, examples, encoded, max_length)

    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        return examples[self.encoded.origin.windows[number].example]

    def _own_places(self, number: int) -> list[int]:
        return [CLS_POSITION, *_context_places(self.encoded.origin.windows[number]).values()]

    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        row = rows[min(self._ordinals[number], len(rows) - 1)]  # a longer question may leave room for fewer windows
        own, other = (_context_places(each.origin.windows[at]) for each, at in ((self.encoded, number), (encoded, row)))
        pairs = [(CLS_POSITION, CLS_POSITION), *((own[span], other[span]) for span in own if span in other)]
        return AlignedExample(encoded.features[row], pairs)


def _context_places(window: SpanWindow) -> dict[tuple[int, int], int]:
    """Return where the subwords of the context stand in a window, by their place in the context."""
    return {(int(start), int(end)): place for place, (start, end) in enumerate(window.offsets) if end > 0}


_KINDS: dict[str, type[ExampleAligner]] = {
    "sequence_classification": TextAligner,
    "token_classification": TagAligner,
    "question_answering": SpanAligner,
}


def build_aligner(task: Task[Any, Any], examples: Sequence[Any], encoded: Encoded, max_length: int) -> ExampleAligner:
    """Return what encodes the counterparts of a training set's features."""
    return _KINDS[task.head](task, examples, encoded, max_length)


def inputs_of(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature without its labels and the number of its example."""
    return {name: value for name, value in feature.items() if name not in (*LABEL_FIELDS, EXAMPLE_IDS)}
