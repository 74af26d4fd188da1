"""Reads misspellings that people made, in the forms in which lists of them are published."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from charbert.data.readers.lines import read_lines
from charbert.errors import DataError
from charbert.serialization import parse_strictly
from charbert.text.codepoints import composed
from charbert.text.repair.dictionary import is_word
from charbert.text.words import words_of

ARROW = "->"
_FORMS = (
    "a list of misspellings: lines '$correct' and below each its misspellings (Birkbeck), lines 'wrong->right', lines "
    "with a tab between wrong and right, or JSON lines with 'edits' (GitHub Typo Corpus)"
)

Pair = tuple[str, str]
"""A misspelling and the word that was meant."""


def read_misspellings(path: Path) -> dict[str, list[str]]:
    """Return the misspellings of each word, in the order of the file.

    The first line shows the form of the file:

    - ``$accommodate``, and in the lines below it its misspellings, as in the Birkbeck corpus (Mitton 1985); a number
      after a misspelling, its frequency, is left out;
    - ``acommodate->accommodate``, or several words with commas between them after the arrow, as in Wikipedia's lists;
    - two columns with a tab between them: the misspelling, then the word;
    - JSON lines of the GitHub Typo Corpus (Hagiwara and Mita 2020): where the texts ``src`` and ``tgt`` of an edit have
      as many words, those that differ are a misspelling and its word; an edit whose ``is_typo`` is false is left out.

    Misspellings and words of several words are left out, since a text keeps its number of words, and so is a
    misspelling that is the word itself. Letters are composed (NFC).

    Raises:
        DataError: if the file is missing or not UTF-8, a line has another form than the first, or no pair is left.
    """
    lines = [(number, line) for number, line in enumerate(read_lines(path, _FORMS), start=1) if line.strip()]
    first = lines[0][1] if lines else ""
    read = _github if first.startswith("{") else _birkbeck if first.startswith("$") else _columns
    misspellings: dict[str, list[str]] = {}
    for wrong, right in read(path, lines):
        wrong, right = (composed(word.strip()) for word in (wrong, right))
        if wrong != right and len(wrong.split()) == 1 == len(right.split()):
            misspellings.setdefault(right, []).append(wrong)
    if not misspellings:
        raise DataError.at(path, None, expected=_FORMS, found="no misspelling of a single word")
    return misspellings


def _birkbeck(path: Path, lines: list[tuple[int, str]]) -> Iterator[Pair]:
    right = ""
    for number, line in lines:
        if line.startswith("$"):
            right = line[1:].replace("_", " ")
            if not right.strip():
                raise DataError.at(path, number, expected="a word after $", found=repr(line[:80]))
        elif any(sign in line for sign in (ARROW, "\t")):
            raise DataError.at(path, number, expected="$ and a word, or a misspelling of it", found=repr(line[:80]))
        else:
            wrong, _, count = line.strip().rpartition(" ")
            yield (wrong if wrong and count.isdigit() else line).replace("_", " "), right


def _columns(path: Path, lines: list[tuple[int, str]]) -> Iterator[Pair]:
    sign = ARROW if lines and ARROW in lines[0][1] else "\t"
    for number, line in lines:
        wrong, *rights = line.split(sign)
        if len(rights) != 1 or not wrong.strip() or not rights[0].strip():
            shown = ARROW if sign == ARROW else "a tab"
            expected = f"a misspelling, {shown} and the word" if number > lines[0][0] else _FORMS
            raise DataError.at(path, number, expected=expected, found=repr(line[:80]))
        for right in rights[0].split(",") if sign == ARROW else rights:
            yield wrong, right


def _github(path: Path, lines: list[tuple[int, str]]) -> Iterator[Pair]:
    for number, line in lines:
        try:
            edits = [
                (edit["src"]["text"], edit["tgt"]["text"])
                for edit in parse_strictly(line)["edits"]
                if edit.get("is_typo") is not False
            ]
            yield from (pair for before, after in edits for pair in _differing(before, after))
        except (ValueError, KeyError, TypeError, AttributeError):
            expected = 'JSON with "edits": [{"src": {"text": ...}, "tgt": {"text": ...}}, ...]'
            raise DataError.at(path, number, expected=expected, found=repr(line[:80])) from None


def _differing(before: str, after: str) -> Iterator[Pair]:
    """Yield the words that differ, if each stands alone between the same words."""
    wrong, right = words_of(before), words_of(after)
    if len(wrong) != len(right):
        return
    places = [place for place, (old, new) in enumerate(zip(wrong, right, strict=True)) if old != new]
    if any(next_ - place == 1 for place, next_ in pairwise(places)):  # a rewritten passage
        return
    yield from ((wrong[place], right[place]) for place in places if is_word(wrong[place]) and is_word(right[place]))
