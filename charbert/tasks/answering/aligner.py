"""Answers in a context: positions of a feature and of its other form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charbert.batch import EXAMPLE_IDS, Processor
from charbert.errors import SettingsError
from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner
from charbert.tasks.answering.encoding import CLS_POSITION, SpanWindow
from charbert.tasks.encoded import Encoded
from charbert.tasks.task import Task


class SpanAligner(ExampleAligner):
    """Answers in a context: subwords at the same place of the context correspond, and so do the first positions."""

    def __init__(self, task: Task[Any, Any], examples: Sequence[Any], encoded: Encoded, max_length: int) -> None:
        self._ordinals: list[int] = []
        for number, window in enumerate(encoded.origin.windows):
            follows = number > 0 and encoded.origin.windows[number - 1].example == window.example
            self._ordinals.append(self._ordinals[-1] + 1 if follows else 0)
        super().__init__(task, examples, encoded, max_length)

    def read_by(self, processor: Processor) -> list[AlignedExample]:
        """Return all features as a teacher reads them, every subword paired with itself.

        Raises:
            SettingsError: if the teacher's tokenizer gives other subwords.
        """
        return [self._same_subwords(number, other) for number, other in enumerate(super().read_by(processor))]

    def _same_subwords(self, number: int, other: AlignedExample) -> AlignedExample:
        own = list(self.encoded.features[number]["input_ids"])
        if own != list(other.feature["input_ids"]):
            raise SettingsError(
                f"task={self.task.name}: the teacher's tokenizer reads example "
                f"{self.encoded.features[number][EXAMPLE_IDS]} in other subwords than the student's; answers are "
                "compared subword by subword, so choose a teacher and a student with the same tokenizer and dictionary"
            )
        return replace(other, pairs=[(place, place) for place in range(len(own))])

    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        return examples[self.encoded.origin.windows[number].example]

    def _own_places(self, number: int) -> list[int]:
        return [CLS_POSITION, *_context_places(self.encoded.origin.windows[number]).values()]

    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        row = rows[min(self._ordinals[number], len(rows) - 1)]  # a longer question may give fewer windows
        own, other = (_context_places(each.origin.windows[at]) for each, at in ((self.encoded, number), (encoded, row)))
        pairs = [(CLS_POSITION, CLS_POSITION), *((own[span], other[span]) for span in own if span in other)]
        return AlignedExample(encoded.features[row], pairs)


def _context_places(window: SpanWindow) -> dict[tuple[int, int], int]:
    """Return the position in a window of each subword of the context, by the subword's span in the context."""
    return {(int(start), int(end)): place for place, (start, end) in enumerate(window.offsets) if end > 0}
