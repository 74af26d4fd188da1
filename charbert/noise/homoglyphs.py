"""Characters that look the same as others, or are not seen: what people use to pass filters."""

from collections.abc import Sequence
from functools import cache

from charbert.config.data.noise import LookAlike
from charbert.noise.characters import Forms
from charbert.text.repair.disguises import INVISIBLE, letters_like

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
"""How characters are disguised -> the forms of a character, see `charbert.noise.characters.CharacterNoise`."""
