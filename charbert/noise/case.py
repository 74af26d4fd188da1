"""Words in another case, as in headings and shouted messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from charbert.config.data.noise import CaseForm
from charbert.noise.edits import Change, ChosenWords, Corruption, changed_word, corruption_of
from charbert.text.codepoints import lower_case, upper_case


@dataclass(frozen=True)
class CaseNoise(ChosenWords):
    """Gives each chosen word another case.

    Source: Mayhew et al. 2019 show what lost case costs taggers; TextFlint (Wang et al. 2021) has changes of case. The
    rules are Unicode's; with ``dotless`` those of Turkish for ``i`` and ``ı``. A letter may become two (``ß``: ``SS``).

    >>> from charbert.seeding import numpy_generator
    >>> CaseNoise(CaseForm.alternating).corrupt(["The", "lighthouse", "keeper"], numpy_generator(0)).words
    ['tHe', 'lIgHtHoUsE', 'kEePeR']
    """

    form: CaseForm
    dotless: bool = False
    """Whether ``i`` has the upper case ``İ``, and ``ı`` that of ``I``."""

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with its chosen words in the case; one draw per word."""
        chances, change = rng.random(len(words)).tolist(), self._changed
        records = [
            changed_word(index, Change.case, word, after)
            for index, (word, chance) in enumerate(zip(words, chances, strict=True))
            if self.chooses(word, chance) and (after := change(word)) != word
        ]
        return corruption_of(words, records)

    def _changed(self, word: str) -> str:
        lower, upper = partial(lower_case, dotless=self.dotless), partial(upper_case, dotless=self.dotless)
        if self.form is CaseForm.upper:
            return upper(word)
        if self.form is CaseForm.lower:
            return lower(word)
        if self.form is CaseForm.title:
            return upper(word[:1]) + lower(word[1:])
        return "".join(upper(letter) if place % 2 else lower(letter) for place, letter in enumerate(word))
