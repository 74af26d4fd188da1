"""The noise of pretraining: what the noisy language model learns to undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import check_edits
from charbert.errors import SettingsError
from charbert.noise.edits import (
    Corruption,
    Edit,
    EditRecord,
    NoiseModel,
    add_character,
    drop_character,
    pick,
    replace_character,
    swap_characters,
)
from charbert.noise.keyboard import key_neighbors

__all__ = ["RELEASED_LETTERS", "NlmNoise", "NoiseModel", "ReleasedNlmNoise"]

RELEASED_LETTERS = " etainorshldcumfpgwyb,v.?WkAST10CIMBPx2H-'\"9EDNRFG)(zLU8O5j3Jq476KV;Y:–%Q/][ZéX—$"
"""What the authors' script inserts: the 81 most frequent characters of its corpus, the space among them."""


@dataclass(frozen=True)
class NlmNoise:
    """Edit one inner character of a share of the words; each edited word differs from what it was.

    Paper: Sec. 3.5, drop, add or swap of inner characters; Sec. 4.1, 15 % of the words.
    Departure: the paper names no shortest word; short ones are left alone as in its attack (Sec. 4.5), and
    so are punctuation marks and numbers. So that all the same 15 % of the words are noised, those that
    remain are drawn more often.

    Raises:
        SettingsError: if a setting is out of its range.
    """

    probability: float = 0.15
    """Expected share of noised words among the words of a text, punctuation marks not counted, in [0, 1].
    It is not reached where fewer words can be noised; 1 is every word that can be."""
    edits: tuple[Edit, ...] = (Edit.drop, Edit.add, Edit.swap)
    """One of those possible in a word is drawn, uniformly, for each noised word."""
    min_word_length: int = 4
    """Shorter words stay as they are, in characters; at least 3."""
    alphabet: str = ascii_lowercase
    """What add inserts, uniformly."""

    def __post_init__(self) -> None:
        check_range("noise", self, "[0, 1]", "probability")
        check_edits("noise", self.edits, self.min_word_length)
        if not self.alphabet or any(letter.isspace() for letter in self.alphabet):
            raise SettingsError(
                f"noise.alphabet must hold letters and no white space, which would split words, got {self.alphabet!r}"
            )

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the text with a share of its words noised; four draws a word, whatever the words are."""
        draws = rng.random((len(words), 4))
        shortest = self.min_word_length
        eligible = [
            index
            for index, word in enumerate(words)
            if len(word) >= shortest and (word.isalpha() or any(map(str.isalpha, word)))
        ]
        noised: list[str] = list(words)
        records: list[EditRecord] = []
        if not eligible:
            return Corruption(noised, records)
        num_words = sum([word[:1].isalnum() or any(map(str.isalnum, word)) for word in words])
        rate = self.probability * num_words / len(eligible)
        chosen = np.asarray(eligible)[draws[eligible, 0] < rate]
        for index, (_, kind, place, letter) in zip(chosen.tolist(), draws[chosen].tolist(), strict=True):
            record = self._edit(index, words[index], kind, place, letter)
            if record is not None:
                records.append(record)
                noised[index] = record.after
        return Corruption(noised, records)

    def _edit(self, index: int, word: str, kind: float, place: float, letter: float) -> EditRecord | None:
        """Return one edit that changes ``word``, or None if no edit of the list can."""
        left = list(self.edits)
        while left:
            choice = pick(kind, len(left))
            kind = kind * len(left) - choice  # what the choice leaves of the draw is uniform again
            edit = left.pop(choice)
            places = _changing_positions(edit, word)
            if places:
                position = places[pick(place, len(places))]
                return EditRecord(index, edit, position, word, self._apply(edit, word, position, letter))
        return None

    def _apply(self, edit: Edit, word: str, position: int, letter: float) -> str:
        if edit is Edit.drop:
            return drop_character(word, position)
        if edit is Edit.swap:
            return swap_characters(word, position)
        if edit is Edit.add:
            return add_character(word, position, self.alphabet[pick(letter, len(self.alphabet))])
        letters = key_neighbors(word[position])
        return replace_character(word, position, letters[pick(letter, len(letters))])


@dataclass(frozen=True)
class ReleasedNlmNoise:
    """Noise the words by the rules of the authors' pretraining script.

    Released code: every token, punctuation marks too, with probability 0.10. One of fewer than four
    characters gets a character before any of its own; a longer one, half and half, loses any character,
    first and last included, or has two neighbours swapped, never the first. The inserted character may be a
    space, which splits the word. Swapped equal characters change nothing; such a word has no record.

    Raises:
        SettingsError: if ``probability`` is outside [0, 1] or ``letters`` is empty.
    """

    probability: float = 0.10
    """Probability of each token to be noised, in [0, 1]. Paper: 15 %."""
    letters: str = RELEASED_LETTERS
    """What is inserted into short words, uniformly."""

    def __post_init__(self) -> None:
        check_range("noise", self, "[0, 1]", "probability")
        if not self.letters:
            raise SettingsError("noise.letters must hold at least one character, got none")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the text with some of its tokens noised; four draws a token, whatever the tokens are."""
        draws = rng.random((len(words), 4))
        noised: list[str] = list(words)
        records: list[EditRecord] = []
        for index in np.flatnonzero(draws[:, 0] < self.probability).tolist():
            word = words[index]
            if not word:
                continue
            edit, position, after = self._edit(word, *draws[index, 1:].tolist())
            if after != word:
                records.append(EditRecord(index, edit, position, word, after))
                noised[index] = after
        return Corruption(noised, records)

    def _edit(self, word: str, kind: float, place: float, letter: float) -> tuple[Edit, int, str]:
        if len(word) < 4:
            position = pick(place, len(word))
            return (
                Edit.add,
                position,
                add_character(word, position, self.letters[pick(letter, len(self.letters))]),
            )
        if kind < 0.5:
            position = pick(place, len(word))
            return Edit.drop, position, drop_character(word, position)
        position = 1 + pick(place, len(word) - 2)
        return Edit.swap, position, swap_characters(word, position)


def _changing_positions(edit: Edit, word: str) -> Sequence[int]:
    """Return where ``edit`` changes ``word`` and leaves its first and last character."""
    if edit is Edit.drop:
        return range(1, len(word) - 1)
    if edit is Edit.add:
        return range(1, len(word))
    if edit is Edit.swap:
        return [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]
    return [place for place in range(1, len(word) - 1) if key_neighbors(word[place])]
