"""Characters that hide a word from a reader of code points: without width, look-alikes, ligatures, digits."""

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache

INVISIBLE = "\u200b\u200c\u200d\u2060\u00ad\ufeff"
"""Zero-width space, non-joiner and joiner, word joiner, soft hyphen, byte order mark."""
ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN")
"""Alphabets whose letters look alike, and in which no character of `INVISIBLE` changes a word."""
_SIGNS = "0-9A-Za-z\u00c0-\u058f\u1e00-\u1fff"
"""Their letters, and digits, as the content of a regex character class."""
_HIDDEN = re.compile(f"(?<![{INVISIBLE}])(?:(?<=[{_SIGNS}])[{INVISIBLE}]+|[{INVISIBLE}]++(?=[{_SIGNS}]))")
"""A run is looked at from its first character only, so that the time grows with the length of a text."""
_FULL_WIDTH = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F) if chr(code).isalnum()}
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
"""The letters of ``\ufb01`` and its like, as in text that is copied from a PDF file."""
_PLAIN = {**_FULL_WIDTH, **_LIGATURES}
_PART = re.compile(r"[^\W\d_]{2,}")
_LETTERS_OF = dict(zip("0123456789", ("o", "il", "z", "e", "a", "s", "gb", "t", "b", "g"), strict=True))
_NUMBER = re.compile(r"\d+[^\W\d_]{0,3}|[^\W\d_]{1,3}\d+")
"""A number, alone or with a unit, ending or type: ``50km``, ``10th``, ``F16``."""
_MOST_READINGS = 64


def hidden_places(text: str) -> list[int]:
    """Return the places of invisible characters beside a letter of `ALPHABETS` or a digit.

    Other scripts write them: Persian the non-joiner, Khmer the zero-width space, emoji the joiner.
    """
    return [place for match in _HIDDEN.finditer(text) for place in range(*match.span())]


def undisguised(form: str) -> str:
    """Return a word without invisible characters and ligatures, its letters of common width, in one alphabet.

    Letters are replaced by those that look the same (`letters_like`), in each stretch of letters with more than half of
    them in one of `ALPHABETS`: a word all of foreign letters, as one of another language, stays.

    >>> undisguised("Ja\u200bpan"), undisguised("J\u0430pan"), undisguised("IP-\u0430дрес"), undisguised("o\ufb03ce")
    ('Japan', 'Japan', 'IP-адрес', 'office')
    """
    if form.isascii():
        return form
    return _PART.sub(lambda part: _in_one_alphabet(part.group()), _HIDDEN.sub("", form).translate(_PLAIN))


def without_digits(form: str) -> list[str]:
    """Return all words of letters that a form with digits in their places may be; none of a number, or without digits.

    A form with a single letter is a number with a typo.

    >>> without_digits("m0d3rn"), without_digits("v1lla"), without_digits("50km"), without_digits("19a14")
    (['modern'], ['villa', 'vllla'], [], [])
    """
    if form.isalpha() or not form.isalnum() or _NUMBER.fullmatch(form) or sum(map(str.isalpha, form)) < 2:
        return []
    letters = [_LETTERS_OF.get(sign, sign) for sign in form]
    if math.prod(map(len, letters)) > _MOST_READINGS:
        return []
    return list(map("".join, itertools.product(*letters)))


def _in_one_alphabet(letters: str) -> str:
    if letters.isascii():
        return letters
    alphabets = [_alphabet(letter) for letter in letters]
    (main, number), *others = Counter(alphabets).most_common()
    if not others or main not in ALPHABETS or 2 * number <= len(letters):
        return letters
    return "".join(
        letter if own == main else next((like for like in letters_like(letter) if _alphabet(like) == main), letter)
        for letter, own in zip(letters, alphabets, strict=True)
    )


@cache
def letters_like(character: str) -> Sequence[str]:
    """Return the letters of other `ALPHABETS` that look the same as a letter of one of them, of the same case.

    Source: the confusables of Unicode (UTS 39), as the package confusable_homoglyphs has them.
    """
    from confusable_homoglyphs.confusables import confusables_data  # a megabyte, which few texts need

    alphabet = _alphabet(character)
    others = tuple(name for name in ALPHABETS if name != alphabet)
    found = [entry["c"] for entry in confusables_data.get(character, ())] if alphabet in ALPHABETS else []
    return [like for like in found if _is_letter(like, unicodedata.category(character), others)]


def _is_letter(text: str, category: str, alphabets: tuple[str, ...]) -> bool:
    if len(text) != 1 or unicodedata.category(text) != category or unicodedata.normalize("NFKC", text) != text:
        return False
    return unicodedata.name(text, "").startswith(alphabets)


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]
