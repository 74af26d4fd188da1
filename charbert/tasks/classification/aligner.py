"""Labels of texts: positions of a feature and of its other form."""

from collections.abc import Sequence
from typing import Any

from charbert.batch import EXAMPLE_IDS
from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner
from charbert.tasks.encoded import Encoded


class TextAligner(ExampleAligner):
    """Labels of texts: all subwords correspond where both tokenizers give the same ones, else none."""

    compares_texts = True

    def _piece(self, examples: Sequence[Any], number: int) -> Any:
        return examples[self.encoded.features[number][EXAMPLE_IDS]]

    def _own_places(self, number: int) -> list[int]:
        return list(range(len(self.encoded.features[number]["input_ids"])))

    def _aligned(self, number: int, encoded: Encoded, rows: Sequence[int]) -> AlignedExample:
        own, other = self.encoded.features[number], encoded.features[rows[0]]
        same = list(own["input_ids"]) == list(other["input_ids"])
        return AlignedExample(other, [(place, place) for place in self._own_places(number)] if same else [])
