"""One-character edits of words, and the record that each leaves.

Paper: Sec. 3.5 (drop, add, swap of inner characters), Sec. 4.5 (these and keyboard slips). A noise model
draws its random numbers as one array for a whole sentence; ``pick`` turns one of them into a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from charbert.config.data.noise import Edit
from charbert.errors import DataError

__all__ = [
    "Corruption",
    "Edit",
    "EditRecord",
    "NoiseModel",
    "add_character",
    "drop_character",
    "pick",
    "replace_character",
    "replay",
    "swap_characters",
]


class EditRecord(NamedTuple):
    """One edit of one word: enough to undo it, and with ``replay`` to do it again."""

    word_index: int
    """Which word of the sentence, from 0."""
    operation: Edit
    position: int
    """Index in ``before`` of the character edited; for an added one, of the character it stands before."""
    before: str
    after: str


class Corruption(NamedTuple):
    """A sentence after noise; words that no record names are as they were."""

    words: list[str]
    """As many as there were."""
    edits: list[EditRecord]
    """In the order of the words, at most one a word, each with ``before != after``."""


@runtime_checkable
class NoiseModel(Protocol):
    """Decides which words are edited, and how."""

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence ``words`` after noise drawn from ``rng``; ``words`` itself is not changed."""


def drop_character(word: str, position: int) -> str:
    """Return ``word`` without the character at ``position``."""
    return word[:position] + word[position + 1 :]


def add_character(word: str, position: int, letter: str) -> str:
    """Return ``word`` with ``letter`` before the character at ``position``."""
    return word[:position] + letter + word[position:]


def swap_characters(word: str, position: int) -> str:
    """Return ``word`` with the characters at ``position`` and ``position + 1`` exchanged."""
    return word[:position] + word[position + 1] + word[position] + word[position + 2 :]


def replace_character(word: str, position: int, letter: str) -> str:
    """Return ``word`` with ``letter`` in place of the character at ``position``."""
    return word[:position] + letter + word[position + 1 :]


def replay(record: EditRecord) -> str:
    """Do the edit of ``record`` again on ``record.before``; a sound record gives ``record.after``.

    Raises:
        DataError: if the position lies outside the word.
    """
    _, operation, position, before, after = record
    if not 0 <= position < len(before) - (operation is Edit.swap):
        raise DataError(f"edit record: position {position} of a {operation.name} lies outside {before!r}")
    if operation is Edit.drop:
        return drop_character(before, position)
    if operation is Edit.swap:
        return swap_characters(before, position)
    letter = after[position : position + 1]
    if operation is Edit.add:
        return add_character(before, position, letter)
    return replace_character(before, position, letter)


def pick(draw: float, count: int) -> int:
    """Return an index below ``count``, uniform when ``draw`` is uniform in [0, 1)."""
    return int(draw * count)
