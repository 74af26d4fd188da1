"""Noise that gives characters of a word other forms: look-alikes, invisible ones, digits for letters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import Place
from charbert.noise.edits import Change, Corruption, changed_word, corruption_of, pick

Forms = Callable[[str], Sequence[str]]
"""Maps a character to what may stand in its place, one or more characters each; empty for nothing."""


@dataclass(frozen=True)
class CharacterNoise:
    """Gives some characters of each chosen word another form; which ones, and the form, are drawn uniformly.

    The forms are those of `charbert.noise.homoglyphs` and `charbert.noise.leet`.

    Raises:
        SettingsError: if a setting is out of its range.
    """

    forms: Forms
    change: Change
    """What records call it."""
    probability: float = 1.0
    """Share of the eligible words that are changed, in [0, 1]."""
    min_word_length: int = 1
    """In characters; shorter words are unchanged."""
    edits_per_word: int = 1
    """Characters of a word that are changed, at least 1; of a word with fewer that have another form, all of them."""
    place: Place = Place.any
    """inner: neither the first nor the last character; first: the first alone."""

    def __post_init__(self) -> None:
        check_range("attack", self, "[0, 1]", "probability")
        check_range("attack", self, "[1, inf)", "min_word_length", "edits_per_word")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with other characters; one draw per word and two per character."""
        chances = rng.random(len(words)).tolist()
        which, form = rng.random((2, sum(map(len, words)))).tolist()
        records, start = [], 0
        for index, (word, chance) in enumerate(zip(words, chances, strict=True)):
            if chance < self.probability and len(word) >= self.min_word_length:
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
