"""Words in another case, as in headings and shouted messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import CaseForm
from charbert.noise.edits import Change, Corruption, changed_word, corruption_of


def _title(word: str) -> str:
    return word[:1].upper() + word[1:].lower()


def _alternating(word: str) -> str:
    return "".join(letter.upper() if place % 2 else letter.lower() for place, letter in enumerate(word))


_FORMS: Mapping[CaseForm, Callable[[str], str]] = {
    CaseForm.upper: str.upper,
    CaseForm.lower: str.lower,
    CaseForm.title: _title,
    CaseForm.alternating: _alternating,
}


@dataclass(frozen=True)
class CaseNoise:
    """Gives each chosen word another case.

    Source: Mayhew et al. 2019 show what lost case costs taggers; TextFlint (Wang et al. 2021) has changes of case. The
    rules are Unicode's, without those of a language: a Turkish ``i`` becomes ``I``. A letter may become two (``ß`` is
    ``SS``).

    >>> from charbert.seeding import numpy_generator
    >>> CaseNoise(CaseForm.alternating).corrupt(["The", "lighthouse", "keeper"], numpy_generator(0)).words
    ['tHe', 'lIgHtHoUsE', 'kEePeR']

    Raises:
        SettingsError: if a setting is out of its range.
    """

    form: CaseForm
    probability: float = 1.0
    """Share of the eligible words that are changed, in [0, 1]."""
    min_word_length: int = 1
    """In characters; shorter words are unchanged."""

    def __post_init__(self) -> None:
        check_range("attack", self, "[0, 1]", "probability")
        check_range("attack", self, "[1, inf)", "min_word_length")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with its chosen words in the case; one draw per word."""
        chances, change = rng.random(len(words)).tolist(), _FORMS[self.form]
        records = [
            changed_word(index, Change.case, word, after)
            for index, (word, chance) in enumerate(zip(words, chances, strict=True))
            if chance < self.probability and len(word) >= self.min_word_length and (after := change(word)) != word
        ]
        return corruption_of(words, records)
