"""Noise that gives characters of a word other forms: look-alikes, invisible ones, digits for letters.

People write such forms to pass filters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import LookAlike, Place
from charbert.noise.edits import Change, ChosenWords, Corruption, changed_word, corruption_of, pick
from charbert.text.repair.disguises import INVISIBLE, letters_like

Forms = Callable[[str], Sequence[str]]
"""Maps a character to what may stand in its place, one or more characters each; empty for nothing."""


@dataclass(frozen=True)
class CharacterNoise(ChosenWords):
    """Gives some characters of each chosen word another form; which ones, and the form, are drawn uniformly.

    The forms are those of `FORMS` and `digit_for`.
    """

    forms: Forms
    change: Change
    """What records call it."""
    edits_per_word: int = 1
    """Characters of a word that are changed, at least 1; of a word with fewer that have another form, all of them."""
    place: Place = Place.any
    """inner: neither the first nor the last character; first: the first alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("attack", self, "[1, inf)", "edits_per_word")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with other characters; one draw per word and two per character."""
        chances = rng.random(len(words)).tolist()
        which, form = rng.random((2, sum(map(len, words)))).tolist()
        records, start = [], 0
        for index, (word, chance) in enumerate(zip(words, chances, strict=True)):
            if self.chooses(word, chance):
                end = start + len(word)
                after = self._changed(word, which[start:end], form[start:end])
                if after != word:
                    records.append(changed_word(index, self.change, word, after))
            start += len(word)
        return corruption_of(words, records)

    def _changed(self, word: str, which: list[float], form: list[float]) -> str:
        forms = [*map(self.forms, word)]
        if self.place is not Place.any:
            kept = range(1, len(word)) if self.place is Place.first else {0, len(word) - 1}
            forms = [() if place in kept else own for place, own in enumerate(forms)]
        places = [place for place, own in enumerate(forms) if own]
        if len(places) > self.edits_per_word:
            places = sorted(places, key=which.__getitem__)[: self.edits_per_word]
        letters = list(word)
        for place in places:
            letters[place] = forms[place][pick(form[place], len(forms[place]))]
        return "".join(letters)


_WITHOUT_WIDTH = INVISIBLE.replace("\ufeff", "")
"""A byte order mark would be lost in files."""
_MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u0323\u0327\u0331"
"""Accents, tilde, macron, breve, dots, ring, caron, cedilla and line: those that Latin letters have."""
_TO_FULL_WIDTH = ord("！") - ord("!")


@cache
def full_width(character: str) -> Sequence[str]:
    """Return the full-width form of a letter, digit or sign of ASCII, as East Asian keyboards type it."""
    return [chr(ord(character) + _TO_FULL_WIDTH)] if "!" <= character <= "~" else []


@cache
def after_invisible(character: str) -> Sequence[str]:
    """Return a letter or digit with each character without width before it. Source: Boucher et al. 2022."""
    return [invisible + character for invisible in _WITHOUT_WIDTH] if character.isalnum() else []


@cache
def marked(character: str) -> Sequence[str]:
    """Return a letter with each combining mark on it, as Eger et al. 2019 do; the choice of marks is ours."""
    return [character + mark for mark in _MARKS] if character.isalpha() else []


FORMS: dict[LookAlike, Forms] = {
    LookAlike.letter: letters_like,
    LookAlike.full_width: full_width,
    LookAlike.invisible: after_invisible,
    LookAlike.mark: marked,
}
"""How characters are disguised -> the forms of a character, see `CharacterNoise`."""


_DIGITS = {letter: digit for letter, digit in zip("abegilostz", "4839110572", strict=True)}
_DIGITS |= {letter.upper(): digit for letter, digit in _DIGITS.items()}


def digit_for(character: str) -> Sequence[str]:
    """Return the digit that stands for a letter, nothing for a letter without one and other characters.

    Source: TextBugger (Li et al. 2019) puts digits in the places of letters; the table of ten is ours.
    """
    return _DIGITS.get(character, "")
