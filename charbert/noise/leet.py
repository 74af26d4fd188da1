"""Digits that stand for letters, as in ``l33t``."""

from collections.abc import Sequence

_DIGITS = {letter: digit for letter, digit in zip("abegilostz", "4839110572", strict=True)}
_DIGITS |= {letter.upper(): digit for letter, digit in _DIGITS.items()}


def digit_for(character: str) -> Sequence[str]:
    """Return the digit that stands for a letter, nothing for a letter without one and other characters.

    Source: TextBugger (Li et al. 2019) puts digits in the places of letters; the table of ten is ours.
    """
    return _DIGITS.get(character, "")
