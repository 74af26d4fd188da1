"""The noise of NLM pretraining, which the model learns to undo; its rate is ``probability``."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import KEY_EDITS, check_edits
from charbert.errors import SettingsError
from charbert.noise.edits import Corruption, Edit, EditRecord, apply_edit, corruption_of, in_drawn_order, pick
from charbert.noise.scripts import TextScript

RELEASED_LETTERS = " etainorshldcumfpgwyb,v.?WkAST10CIMBPx2H-'\"9EDNRFG)(zLU8O5j3Jq476KV;Y:–%Q/][ZéX—$"
"""Characters that the authors' script inserts: the 81 most frequent ones of its corpus, including the space."""


@dataclass(frozen=True)
class NlmNoise:
    """Edits one inner character of a share of the words; each edited word differs from the original.

    Paper: Sec. 3.5, drop, add or swap of inner characters; Sec. 4.1, 15 % of the words.
    Departure: the paper gives no minimum word length; short words are unchanged as in its attack (Sec. 4.5), and so are
    punctuation marks and numbers. The other words are drawn more often, so that still 15 % of all words are noised.

    Raises:
        SettingsError: if a setting is out of its range.
    """

    probability: float = 0.15
    """The noise rate: expected share of noised words among the words of a text without punctuation marks, in [0, 1]. It
    is not reached where fewer words can be noised; 1 noises every word that can be."""
    edits: tuple[Edit, ...] = (Edit.drop, Edit.add, Edit.swap)
    """One of those possible is drawn uniformly for each noised word."""
    min_word_length: int = 4
    """In characters, at least 3; shorter words are unchanged."""
    alphabet: str = ascii_lowercase
    """Letters that add inserts, drawn uniformly; a to z stand for the letters of the text's own script."""

    def __post_init__(self) -> None:
        check_range("noise", self, "[0, 1]", "probability")
        check_edits("noise", self.edits, self.min_word_length)
        if not self.alphabet or any(letter.isspace() for letter in self.alphabet):
            raise SettingsError(
                f"noise.alphabet must hold letters and no white space, which would split words, got {self.alphabet!r}"
            )

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the text with a share of its words noised; four draws per word, whatever the words are."""
        draws = rng.random((len(words), 4))
        chosen = chosen_words(words, draws[:, 0], self.probability, self.min_word_length)
        script = TextScript.of(words)
        records = [
            self.edit(index, words[index], kind, place, letter, script)
            for index, (_, kind, place, letter) in zip(chosen, draws[chosen].tolist(), strict=True)
        ]
        return corruption_of(words, records)

    def edit(
        self, index: int, word: str, kind: float, place: float, letter: float, script: TextScript
    ) -> EditRecord | None:
        """Return one edit that changes ``word``, or None if none of ``edits`` can."""
        for edit in in_drawn_order(self.edits, kind):
            places = _changing_positions(edit, word, script)
            if places:
                position = places[pick(place, len(places))]
                letters = script.neighbors(word[position], edit) if edit in KEY_EDITS else self._inserted(word, script)
                after = apply_edit(edit, word, position, letters[pick(letter, len(letters))] if letters else "")
                return EditRecord(index, edit, position, word, after)
        return None

    def _inserted(self, word: str, script: TextScript) -> str:
        return script.letters(word, self.alphabet) if self.alphabet == ascii_lowercase else self.alphabet


def chosen_words(words: Sequence[str], chances: np.ndarray, probability: float, shortest: int) -> list[int]:
    """Return which words are noised, so that they are a share of all words.

    Args:
        words: of a text, punctuation marks included.
        chances: a number in [0, 1) for each word, (len(words),).
        probability: share of noised words among those with a letter or digit.
        shortest: number of characters of the shortest word that can be noised; numbers cannot.
    """
    eligible = [
        index
        for index, word in enumerate(words)
        if len(word) >= shortest and (word.isalpha() or any(map(str.isalpha, word)))
    ]
    if not eligible:
        return []
    num_words = sum([word[:1].isalnum() or any(map(str.isalnum, word)) for word in words])
    rate = probability * num_words / len(eligible)
    chosen: list[int] = np.asarray(eligible)[chances[eligible] < rate].tolist()
    return chosen


@dataclass(frozen=True)
class ReleasedNlmNoise:
    """Noises the words by the rules of the authors' pretraining script.

    Released code: every token, including punctuation marks, with probability 0.10. A token of fewer than four
    characters gets an inserted character before any of its own; a longer one, with equal probability, loses any
    character, including the first and the last, or has two neighbors swapped, never the first. The inserted character
    may be a space, which splits the word. Swapped equal characters change nothing; such a word has no record.

    Raises:
        SettingsError: if ``probability`` is outside [0, 1] or ``letters`` is empty.
    """

    probability: float = 0.10
    """The noise rate: probability of each token to be noised, in [0, 1]. Paper: 15 %."""
    letters: str = RELEASED_LETTERS
    """Characters that are inserted into short words, drawn uniformly."""

    def __post_init__(self) -> None:
        check_range("noise", self, "[0, 1]", "probability")
        if not self.letters:
            raise SettingsError("noise.letters must hold at least one character, got none")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the text with some of its tokens noised; four draws per token, whatever the tokens are."""
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
            edit, position = Edit.add, pick(place, len(word))
        elif kind < 0.5:
            edit, position = Edit.drop, pick(place, len(word))
        else:
            edit, position = Edit.swap, 1 + pick(place, len(word) - 2)
        return edit, position, apply_edit(edit, word, position, self.letters[pick(letter, len(self.letters))])


def _changing_positions(edit: Edit, word: str, script: TextScript) -> Sequence[int]:
    """Return the positions at which ``edit`` changes ``word`` but not its first or last character."""
    if edit is Edit.drop:
        return range(1, len(word) - 1)
    if edit is Edit.add:
        return range(1, len(word))
    if edit is Edit.swap:
        return [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]
    return [place for place in range(1, len(word) - 1) if script.neighbors(word[place], edit)]
