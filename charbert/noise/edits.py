"""One-character edits of words, and the record that each leaves.

Paper: Sec. 3.5 (drop, add, swap of inner characters), Sec. 4.5 (these and keyboard slips). A noise model
draws its random numbers as one array for a whole sentence; ``pick`` turns one of them into a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from charbert.errors import DataError, SettingsError


class Edit(Enum):
    """What happens to one character of a word."""

    drop = "drop"
    """It is left out."""
    add = "add"
    """A letter is put before it."""
    swap = "swap"
    """It changes places with the next one."""
    keyboard = "keyboard"
    """It becomes the letter of a key nearby."""


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


def check_noise_settings(owner: str, probability: float, edits: Sequence[Edit], min_word_length: int) -> None:
    """Check the settings that noise models share.

    Raises:
        SettingsError: if ``probability`` is outside [0, 1], ``edits`` is empty, repeats or is no list of
            edits, or words of ``min_word_length`` have no inner character.
    """
    if not 0 <= probability <= 1:
        raise SettingsError(f"{owner}.probability must be in [0, 1], got {probability}")
    if not edits or any(not isinstance(edit, Edit) for edit in edits) or len(set(edits)) < len(edits):
        known = ", ".join(edit.name for edit in Edit)
        raise SettingsError(f"{owner}.edits must list some of {known}, each once, got {edits!r}")
    if min_word_length < 3:
        raise SettingsError(f"{owner}.min_word_length must leave an inner character (>= 3), got {min_word_length}")
