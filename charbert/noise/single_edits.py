"""All texts that one edit of a word makes, counted and drawn without listing them: the moves of a search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from charbert.config.data.noise import ATTACK_EDITS, Layout, Letters, check_edits
from charbert.noise.attack import LETTERS, is_exempt
from charbert.noise.edits import Edit, EditRecord, apply_edit, pick
from charbert.noise.scripts import TextScript
from charbert.noise.stop_words import ENGLISH_STOP_WORDS

Edits = tuple[EditRecord, ...]
"""Edits of different words of a text, in the order of the words."""
_Moves = tuple[Edit, Sequence[tuple[int, str]]]
"""The edits of one kind of one word: place and letter of each, the letter empty for drop and swap."""


@dataclass(frozen=True)
class SingleEdits:
    """Which edits of a word there are: those that `charbert.noise.attack.Attack` may make of it, and that change it.

    Paper: Sec. 4.5. Pruthi et al. (2019), "Combating Adversarial Misspellings with Robust Word Recognition": the same
    four kinds, in words of at least four characters whose first and last stay.

    Raises:
        SettingsError: if there are no edits, or the shortest word has no inner character.
    """

    edits: tuple[Edit, ...] = ATTACK_EDITS
    min_word_length: int = 4
    """In characters, at least 3; shorter words are unchanged."""
    letters: Letters = Letters.both
    """What add inserts."""
    keep_ends: bool = True
    """Whether the first and the last character of a word stay."""
    layout: Layout = Layout.qwerty
    """The keyboard of adjacent_key."""

    def __post_init__(self) -> None:
        check_edits("attack", self.edits, self.min_word_length)

    def of(self, words: Sequence[str]) -> TextEdits:
        """Return the edits of a text's words."""
        script = TextScript.of(words)
        return TextEdits(words, [_word_moves(self, word, script) for word in words])


class TextEdits:
    """The edits of one text.

    Args:
        moves: of each word, by kind of edit; kinds without an edit are left out.
    """

    def __init__(self, words: Sequence[str], moves: Sequence[Sequence[_Moves]]) -> None:
        self.words = words
        self._moves = moves
        self._sizes = {
            index: sum(len(choices) for _, choices in of_word) for index, of_word in enumerate(moves) if of_word
        }

    @property
    def editable(self) -> list[int]:
        """Indices of the words that an edit can change."""
        return list(self._sizes)

    def count(self, edits: Edits = ()) -> int:
        """Return how many edits there are of the words that ``edits`` does not change; equal results count each."""
        return sum(self._sizes.values()) - sum(self._sizes[edit.word_index] for edit in edits)

    def all(self, edits: Edits = ()) -> Iterator[Edits]:
        """Yield ``edits`` with each possible edit of another word added."""
        taken = {edit.word_index for edit in edits}
        for index in self._sizes:
            if index not in taken:
                for edit, choices in self._moves[index]:
                    for place, letter in choices:
                        yield self._with(edits, index, edit, place, letter)

    def draw(self, edits: Edits, rng: np.random.Generator, limit: int) -> Iterator[Edits]:
        """Yield ``edits`` with a random edit of another word added, ``limit`` times; repetitions are possible.

        Words take turns in a random order, so that each is looked at about equally often. The kind of edit is drawn
        uniformly among those possible, then the edit of this kind.
        """
        taken = {edit.word_index for edit in edits}
        order = [index for index in self._sizes if index not in taken]
        if not order:
            return
        rng.shuffle(order)
        for turn, (kind, number) in enumerate(rng.random((limit, 2)).tolist()):
            index = order[turn % len(order)]
            edit, choices = self._moves[index][pick(kind, len(self._moves[index]))]
            yield self._with(edits, index, edit, *choices[pick(number, len(choices))])

    def random(self, number: int, rng: np.random.Generator) -> Edits:
        """Return random edits of ``number`` words, of all that can be edited where these are fewer."""
        edits: Edits = ()
        for _ in range(min(number, len(self._sizes))):
            edits = next(self.draw(edits, rng, 1))
        return edits

    def apply(self, edits: Edits) -> list[str]:
        """Return the words after edits."""
        words = list(self.words)
        for edit in edits:
            words[edit.word_index] = edit.after
        return words

    def _with(self, edits: Edits, index: int, edit: Edit, place: int, letter: str) -> Edits:
        word = self.words[index]
        added = EditRecord(index, edit, place, word, apply_edit(edit, word, place, letter))
        return tuple(sorted((*edits, added))) if edits else (added,)


@lru_cache(maxsize=50_000)
def _word_moves(rule: SingleEdits, word: str, script: TextScript) -> tuple[_Moves, ...]:
    """Return the edits that change a word, by kind."""
    if len(word) < rule.min_word_length or is_exempt(word):
        return ()
    kinds = ((edit, _choices(rule, edit, word, script)) for edit in rule.edits)
    return tuple((edit, choices) for edit, choices in kinds if choices)


def _choices(rule: SingleEdits, edit: Edit, word: str, script: TextScript) -> list[tuple[int, str]]:
    first = int(rule.keep_ends)
    places = range(first, {Edit.add: len(word) + 1, Edit.swap: len(word) - 1}.get(edit, len(word)) - first)
    if edit is Edit.drop:
        return [(place, "") for place in places]
    if edit is Edit.swap:
        pairs = [(place, word[place : place + 2]) for place in places]
        return [(place, "") for place, pair in pairs if pair[0] != pair[1] and all(map(script.is_letter, pair))]
    if edit is Edit.add:
        return list(product(places, script.letters(word, LETTERS[rule.letters.name])))
    if word.lower() in ENGLISH_STOP_WORDS:
        return []
    near = [(place, letter) for place in places for letter in script.neighbors(word[place], edit, rule.layout)]
    return [(place, letter) for place, letter in near if letter != word[place]]
