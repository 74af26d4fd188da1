"""Tags of words: positions of a feature and of its other form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charbert.tasks.aligned_examples import AlignedExample, ExampleAligner
from charbert.tasks.encoded import Encoded


class TagAligner(ExampleAligner):
    """Tags of words: the first subword of a word corresponds to the first subword of the same word.

    An aligned example that is too long for one feature keeps its first words; the others have no partner.
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
        pairs = [
            (own_place, other_place)
            for own_place, other_place in zip(own, other, strict=False)
            if own_place is not None and other_place is not None
        ]
        return AlignedExample(encoded.features[rows[0]], pairs)
