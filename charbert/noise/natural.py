"""Misspellings that people made, in the places of the words that they misspelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charbert.noise.edits import Change, ChosenWords, Corruption, changed_word, corruption_of, pick
from charbert.text.codepoints import composed, has_dotless_i, looked_up, upper_case


@dataclass(frozen=True)
class NaturalNoise(ChosenWords):
    """Replaces each chosen word by one of its misspellings, drawn uniformly; a word that has none stays.

    A word is looked up composed (NFC), as it is, then in lower case; then its misspelling gets its case: upper case, or
    a first letter in upper case.

    Source: Belinkov and Bisk 2018 put misspellings from lists into test sets in this way.

    >>> from charbert.seeding import numpy_generator
    >>> words = "Their lighthouse received visitors".split()
    >>> NaturalNoise({"their": ("thier",), "received": ("recieved",)}).corrupt(words, numpy_generator(0)).words
    ['Thier', 'lighthouse', 'recieved', 'visitors']
    """

    misspellings: Mapping[str, Sequence[str]]
    """Of each word, without white space; one that is listed twice is drawn twice as often."""

    def covers(self, word: str) -> bool:
        """Return whether the word has a misspelling."""
        return composed(word) in self.misspellings or self._lower(word) in self.misspellings

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with its words misspelled; two draws per word."""
        records = []
        for index, (word, (chance, choice)) in enumerate(zip(words, rng.random((len(words), 2)).tolist(), strict=True)):
            if self.chooses(word, chance):
                after = self._misspelled(word, choice)
                if after != word:
                    records.append(changed_word(index, Change.misspelling, word, after))
        return corruption_of(words, records)

    def _misspelled(self, word: str, choice: float) -> str:
        known = self.misspellings.get(composed(word))
        if known is not None:
            return known[pick(choice, len(known))]
        known = self.misspellings.get(self._lower(word))
        if known is None:
            return word
        after = known[pick(choice, len(known))]
        if len(word) > 1 and word.isupper():
            return upper_case(after, dotless=self._dotless)
        return upper_case(after[:1], dotless=self._dotless) + after[1:] if word[0].isupper() else after

    @cached_property
    def _dotless(self) -> bool:
        return has_dotless_i(dict.fromkeys(self.misspellings, 1))

    def _lower(self, word: str) -> str:
        return looked_up(word, dotless=self._dotless)
