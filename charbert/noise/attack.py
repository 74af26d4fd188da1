"""The paper's test-time attack: every word that is long enough gets one typo; its first and last letter stay."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase

import numpy as np

from charbert.config.checks import check_range
from charbert.config.data.noise import ATTACK_EDITS, KEY_EDITS, Layout, Place, check_edits
from charbert.errors import SettingsError
from charbert.noise.edits import Corruption, Edit, EditRecord, NoiseModel, apply_edit, pick
from charbert.noise.scripts import TextScript
from charbert.noise.stop_words import ENGLISH_STOP_WORDS
from charbert.seeding import numpy_generator

LETTERS = {"lower": ascii_lowercase, "both": ascii_letters}
"""Letters that an attack inserts into a word in Latin letters, by the name of `Letters`."""
_DOTTED_ABBREVIATION = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]?\.?")


@dataclass(frozen=True)
class Attack:
    """Gives each eligible word one edit of its inner characters; the first and the last character are never changed.

    Ours, not in the paper: several edits a word (``edits_per_word``), edits of the first letter or of any character
    (``place``), and other keyboards (``layout``). Such noise is outside the rules of the paper's attack, which models
    and dictionaries may have been made for.

    Paper: Sec. 4.5: words of at least four characters, one of drop, add, swap and keyboard. The other rules are
    measured on the authors' attacked test sets, since their generator is not published: numbers in digits and dotted
    abbreviations ("U.S.") are not attacked; the edit and then the position are drawn uniformly; swap takes letters
    only; keyboard leaves stop words and characters without a key unchanged and always gives lower case. An edit that is
    impossible or changes nothing (swapped equal letters) leaves the word unchanged.
    Departure: the authors' set has fewer such swaps (0.4 % of the eligible words are unchanged, here 1 %). How it
    avoids them is unknown: neither a redraw nor swaps of unequal letters only give its count.
    Departure: a text in another script than Latin gets letters and keys of its own, see `TextScript`; the paper attacks
    English. Words of one to three characters stay as they are in every script, so an attack on a Chinese text with one
    character a word changes nothing.

    >>> from charbert.seeding import numpy_generator
    >>> words = "The lighthouse keeper counted ships".split()
    >>> Attack().corrupt(words, numpy_generator(0, "attack")).words
    ['The', 'lighghouse', 'kepeer', 'couGnted', 'shiZps']

    Raises:
        SettingsError: if a setting is out of its range.
    """

    edits: tuple[Edit, ...] = ATTACK_EDITS
    """One is drawn uniformly for each attacked word."""
    min_word_length: int = 4
    """In characters, at least 3; shorter words are unchanged."""
    letters: str = "both"
    """Letters that add inserts: "both" cases (the authors' NER set), or "lower" (their QNLI set)."""
    probability: float = 1.0
    """Share of the eligible words that are attacked, in [0, 1]."""
    stop_words: frozenset[str] = ENGLISH_STOP_WORDS
    """Lower-case words that keyboard and adjacent_key do not change."""
    edits_per_word: int = 1
    """Edits of each attacked word, one after the other; at least 1. One that is impossible, or undoes the others, is
    left out."""
    place: Place = Place.inner
    """first: the edit is at the first letter; a word that begins with none is unchanged. any: at any character, and add
    at the end of the word too."""
    layout: Layout = Layout.qwerty
    """The keyboard of adjacent_key."""

    def __post_init__(self) -> None:
        check_range("attack", self, "[0, 1]", "probability")
        check_range("attack", self, "[1, inf)", "edits_per_word")
        check_edits("attack", self.edits, self.min_word_length)
        if self.letters not in LETTERS:
            raise SettingsError(f"attack.letters must be one of {', '.join(LETTERS)}, got {self.letters!r}")

    def corrupt(self, words: Sequence[str], rng: np.random.Generator) -> Corruption:
        """Return the sentence with its eligible words attacked.

        One draw per word and three per edit, whatever the words are.
        """
        noised: list[str] = list(words)
        records: list[EditRecord] = []
        script = TextScript.of(words)
        for index, (chance, *draws) in enumerate(rng.random((len(noised), 1 + 3 * self.edits_per_word)).tolist()):
            original = noised[index]
            if len(original) < self.min_word_length or chance >= self.probability or is_exempt(original):
                continue
            for kind, place, letter in zip(draws[::3], draws[1::3], draws[2::3], strict=True):
                word, edit = noised[index], self.edits[pick(kind, len(self.edits))]
                position, after = self._edit(edit, word, place, letter, script)
                if after not in (word, original):
                    records.append(EditRecord(index, edit, position, word, after))
                    noised[index] = after
        return Corruption(noised, records)

    def _edit(self, edit: Edit, word: str, place: float, letter: float, script: TextScript) -> tuple[int, str]:
        """Return an edit's position and the word after it, from two draws; the word itself where it cannot be done."""
        places = {Edit.add: len(word) - 1, Edit.swap: len(word) - 3}.get(edit, len(word) - 2)
        if self.place is Place.any:
            places += 2
        position, letters = int(self.place is Place.inner) + pick(place, places), ""
        if self.place is Place.first:
            position, places = 0, int(script.is_letter(word[0]))
        if len(word) == 1 and edit in (Edit.drop, Edit.swap):
            return position, word  # after other edits; a word never becomes empty
        if places < 1 or (edit is Edit.swap and not all(map(script.is_letter, word[position : position + 2]))):
            return position, word
        if edit is Edit.add:
            letters = script.letters(word, LETTERS[self.letters])
        elif edit in KEY_EDITS:
            letters = "" if word.lower() in self.stop_words else script.neighbors(word[position], edit, self.layout)
            if not letters:
                return position, word
        return position, apply_edit(edit, word, position, letters[pick(letter, len(letters))] if letters else "")


def attack_sentences(
    sentences: Iterable[Sequence[str]], noise: NoiseModel, seed: int, *, stream: str = "attack", first_index: int = 0
) -> list[Corruption]:
    """Return each sentence after noise.

    Sentence i has its own generator, made of ``seed``, ``stream`` and i, so its noise does not depend on the other
    sentences or on the number of processes.

    Args:
        sentences: the words of each.
        noise: the attack or any other noise model.
        seed: seed of the attack.
        stream: name of the random stream; another name gives independent noise from the same seed.
        first_index: index of the first sentence, for a process that handles a slice of a larger set.
    """
    return [
        noise.corrupt(words, numpy_generator(seed, stream, index))
        for index, words in enumerate(sentences, start=first_index)
    ]


def is_exempt(word: str) -> bool:
    """Return whether a word is never attacked: a number in digits, or a dotted abbreviation as "U.S."."""
    if word.isdigit():
        return True
    return word[1] == "." and _DOTTED_ABBREVIATION.fullmatch(word) is not None
