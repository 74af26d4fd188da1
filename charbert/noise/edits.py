"""One-character edits of words, and their records.

Paper: Sec. 3.5 (drop, add, swap of inner characters), Sec. 4.5 (these and keyboard typos). A noise model draws its
random numbers as one array for a whole sentence; ``pick`` turns one of them into a choice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import Edit

T = TypeVar("T")


class Change(Enum):
    """What happens to a word besides one edit of one character."""

    case = "case"
    """Letters change between upper and lower case."""
    confusion = "confusion"
    """A letter, or two, are read as similar ones."""
    two_edits = "two_edits"
    """Two edits, one after the other."""
    misspelling = "misspelling"
    """A misspelling of the word that people made."""
    look_alike = "look_alike"
    """Characters are replaced by such that look alike, or joined by such that are not seen."""
    digit = "digit"
    """Digits stand for letters."""
    split = "split"
    """The word becomes two, with a space between them."""
    joined = "joined"
    """The word is joined with the next, or, itself the next, is left out."""


class EditRecord(NamedTuple):
    """One change of one word; of an edit, with all that is needed to undo or repeat it."""

    word_index: int
    """Which word of the sentence, from 0."""
    operation: Edit | Change
    position: int
    """Index in ``before`` of the edited character; of another change, of the first character that differs; for added
    ones, of the character after them, or the length."""
    before: str
    after: str


class Corruption(NamedTuple):
    """A sentence after noise; words without a record are unchanged."""

    words: list[str]
    """As many as before."""
    edits: list[EditRecord]
    """In the order of the words, each with ``before != after``. Most noise has at most one per word; of several each
    begins with what the one before it left."""


@runtime_checkable
class NoiseModel(Protocol):
    """Chooses which words are edited, and how."""

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence ``words`` after noise drawn from ``rng``; ``words`` is not changed."""


@dataclass(frozen=True, kw_only=True)
class ChosenWords:
    """Which words other noise than the paper's attack changes.

    Raises:
        SettingsError: if a setting is out of its range.
    """

    probability: float = 1.0
    """Share of the eligible words that are changed, in [0, 1]."""
    min_word_length: int = 1
    """In characters; shorter words are unchanged."""

    def __post_init__(self) -> None:
        check_range("attack", self, "[0, 1]", "probability")
        check_range("attack", self, "[1, inf)", "min_word_length")

    def chooses(self, word: str, chance: float) -> bool:
        """Return whether a word is changed, from a draw in [0, 1)."""
        return chance < self.probability and len(word) >= self.min_word_length


def apply_edit(edit: Edit, word: str, position: int, letter: str = "") -> str:
    """Return ``word`` after an edit of the character at ``position``; add and the key edits put ``letter`` there."""
    before, after = word[:position], word[position + 1 :]
    if edit is Edit.drop:
        return before + after
    if edit is Edit.swap:
        return before + after[0] + word[position] + after[1:]
    return before + letter + (word[position:] if edit is Edit.add else after)


def pick(draw: float, count: int) -> int:
    """Return an index below ``count``, uniform when ``draw`` is uniform in [0, 1)."""
    return int(draw * count)


def in_drawn_order(choices: Sequence[T], draw: float) -> Iterator[T]:
    """Yield all choices in an order that one draw decides, each as likely when it is uniform in [0, 1)."""
    left = list(choices)
    while left:
        choice = pick(draw, len(left))
        draw = draw * len(left) - choice  # the remainder of the draw is uniform again
        yield left.pop(choice)


def changed_word(index: int, change: Change, word: str, after: str) -> EditRecord:
    """Return the record of a change other than an edit, where the words first differ or the shorter one ends.

    Args:
        word: before the change.
        after: the word after it, another one.
    """
    pairs = enumerate(zip(word, after, strict=False))
    position = next((place for place, (old, new) in pairs if old != new), min(len(word), len(after)))
    return EditRecord(index, change, position, word, after)


def corruption_of(words: Sequence[str], records: Iterable[EditRecord | None]) -> Corruption:
    """Return the text with the recorded changes made."""
    noised, made = list(words), [record for record in records if record is not None]
    for record in made:
        noised[record.word_index] = record.after
    return Corruption(noised, made)
