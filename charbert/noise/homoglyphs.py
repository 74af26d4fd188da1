"""Characters that look the same as others, or are not seen: what people use to pass filters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from charbert.config.data.noise import LookAlike
from charbert.noise.characters import Forms

_INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad"
"""Zero-width space, non-joiner and joiner, word joiner, soft hyphen; a byte order mark would be lost in files."""
_MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030c\u0323\u0327\u0331"
"""Accents, tilde, macron, breve, dots, ring, caron, cedilla and line: those that Latin letters have."""
_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN")
_TO_FULL_WIDTH = ord("！") - ord("!")


@cache
def letters_like(character: str) -> Sequence[str]:
    """Return the letters of other alphabets, of Latin, Greek, Cyrillic and Armenian, that look the same as a letter.

    Source: the confusables of Unicode (UTS 39), as the package confusable_homoglyphs has them; of those letters of the
    same case. Boucher et al. 2022 attack with them.
    """
    from confusable_homoglyphs.confusables import confusables_data  # a megabyte, for this attack alone

    alphabet = unicodedata.name(character, "").split(" ")[0]
    others = tuple(name for name in _ALPHABETS if name != alphabet)
    found = [entry["c"] for entry in confusables_data.get(character, ())] if alphabet in _ALPHABETS else []
    return [like for like in found if _is_letter(like, unicodedata.category(character), others)]


def _is_letter(text: str, category: str, alphabets: tuple[str, ...]) -> bool:
    if len(text) != 1 or unicodedata.category(text) != category or unicodedata.normalize("NFKC", text) != text:
        return False
    return unicodedata.name(text, "").startswith(alphabets)


@cache
def full_width(character: str) -> Sequence[str]:
    """Return the full-width form of a letter, digit or sign of ASCII, as East Asian keyboards type it."""
    return [chr(ord(character) + _TO_FULL_WIDTH)] if "!" <= character <= "~" else []


@cache
def after_invisible(character: str) -> Sequence[str]:
    """Return a letter or digit with each character without width before it. Source: Boucher et al. 2022."""
    return [invisible + character for invisible in _INVISIBLE] if character.isalnum() else []


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
"""How characters are disguised -> the forms of a character, see `charbert.noise.characters.CharacterNoise`."""
