"""The shape of words: how they use upper and lower case."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from charbert.text.text_batch import TextBatch

OTHER, LOWER, CAPITALIZED, UPPER = range(4)
NUM_SHAPES = 4
_RUN = re.compile(r"\S+")


@lru_cache(maxsize=2**16)
def word_shape(word: str) -> int:
    """Return the shape of a word by its letters that have a case; other characters do not count.

    ``LOWER``: all are lower case. ``CAPITALIZED``: the first is upper case and no other, so "I" too. ``UPPER``: all of
    at least two are upper case. ``OTHER``: any other mixture, as in "iPhone", or no such letter, as in "1954".

    >>> [word_shape(word) for word in ("ships", "Prague", "U.S.", "McKay", "1954")]
    [1, 2, 3, 0, 0]
    """
    cases = [character.isupper() for character in word if character.isupper() or character.islower()]
    if not cases:
        return OTHER
    if not any(cases[1:]):
        return CAPITALIZED if cases[0] else LOWER
    return UPPER if all(cases) else OTHER


def shape_rows(encodings: Sequence[Any], samples: Iterable[int], texts: TextBatch) -> list[list[int]]:
    """Return the shape of each subword's word, ``OTHER`` for special subwords and padding; a row for each encoding.

    A word is one of the list that the tokenizer was given, or in a text whatever stands between white space.

    Args:
        encodings: of the tokenizer, a row of T subwords each.
        samples: the text of each encoding, which long texts have several of.
    """
    return [_shapes(encoding, sample, texts) for encoding, sample in zip(encodings, samples, strict=True)]


def _shapes(encoding: Any, sample: int, texts: TextBatch) -> list[int]:
    both = [texts.first[sample], None if texts.second is None else texts.second[sample]]
    shapes = [_shapes_of_places(text, is_words=texts.is_split_into_words) for text in both]
    places = encoding.word_ids if texts.is_split_into_words else [end - 1 for _, end in encoding.offsets]
    return [
        OTHER if sequence is None or place is None or place < 0 else shapes[sequence][place]
        for sequence, place in zip(encoding.sequence_ids, places, strict=True)
    ]


def _shapes_of_places(text: Any, *, is_words: bool) -> list[int]:
    """Return the shape of each word of a list, or the shape of the word that each character of a text is in."""
    if text is None or is_words:
        return [word_shape(word) for word in text or ()]
    shapes = [OTHER] * len(text)
    for run in _RUN.finditer(text):
        shapes[run.start() : run.end()] = [word_shape(run.group())] * len(run.group())
    return shapes
