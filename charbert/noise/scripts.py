"""The script of a text, and the letters that noise puts into its words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from charbert.config.data.noise import Edit, Layout
from charbert.noise.keyboard import LAYOUT_NEIGHBORS, key_neighbors

LATIN = "LATIN"
_SCRIPTS = (
    *("CYRILLIC", "GREEK", "ARABIC", "HEBREW", "GEORGIAN", "ARMENIAN", "ETHIOPIC", "DEVANAGARI", "BENGALI", "GURMUKHI"),
    *("GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR"),
    *("KHMER", "HANGUL", "HIRAGANA", "KATAKANA", "CJK"),
)
"""Scripts other than Latin, by the first word of their characters' names in Unicode."""


@dataclass(frozen=True)
class TextScript:
    """The script that most letters of a text are of, and what noise takes from it.

    Letters and neighboring keys are those of the script's keyboard (Cyrillic: the Russian one; Devanagari: InScript).
    Without a known keyboard they are the letters that the text has. Vowel signs and other combining marks of scripts
    other than Latin are letters: each has a key.
    """

    name: str = LATIN
    seen: str = ""
    """The letters of this script in the text, in the order of Unicode; empty for Latin."""

    @classmethod
    def of(cls, words: Sequence[str]) -> TextScript:
        """Return the script of a text."""
        text = "".join(words)
        if text.isascii():
            return _LATIN
        counts = Counter(text)
        sizes: Counter[str] = Counter()
        for character, count in counts.items():
            sizes[_script(character)] += count
        del sizes[""]
        name = max(sizes, key=lambda script: (sizes[script], script), default=LATIN)
        if name == LATIN:
            return _LATIN
        return cls(name, "".join(sorted(character for character in counts if _script(character) == name)))

    def is_letter(self, character: str) -> bool:
        """Return whether a character is a letter; outside Latin a combining mark is one."""
        return character.isalpha() or (self.name != LATIN and unicodedata.category(character).startswith("M"))

    def letters(self, word: str, latin: str) -> str:
        """Return the letters that may be inserted into a word: ``latin`` for a word in Latin letters, as *Müller*.

        Upper case is included where ``latin`` has it.
        """
        if self.name == LATIN or word.isascii() or _scripts(word) == {LATIN}:
            return latin
        keys = LAYOUT_NEIGHBORS.get(self.name)
        own = self.seen if keys is None else "".join(keys)
        return own if latin.islower() else "".join(dict.fromkeys(own + own.upper()))

    def neighbors(self, character: str, edit: Edit, layout: Layout = Layout.qwerty) -> str:
        """Return the characters that a typo may put in the place of one; empty for none.

        Args:
            edit: keyboard or adjacent_key, which differ for Latin letters only.
            layout: the keyboard of adjacent_key for Latin letters.
        """
        if self.name == LATIN or _script(character) != self.name:
            return key_neighbors(character, edit, layout)
        keys = LAYOUT_NEIGHBORS.get(self.name)
        if keys is not None:
            return keys.get(character.lower(), "")
        return self.seen.replace(character, "")


_LATIN = TextScript()


def _scripts(word: str) -> set[str]:
    return set(map(_script, word)) - {""}


@cache
def _script(character: str) -> str:
    """Return the script of a letter or of a mark, empty for other characters and marks of every script."""
    if not (character.isalpha() or unicodedata.category(character).startswith("M")):
        return ""
    name = unicodedata.name(character, "").split(" ")[0]
    return name if name in _SCRIPTS or name == LATIN else ""
