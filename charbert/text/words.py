"""Words of raw text as spans, and replacement of words in the text."""

import re
from collections.abc import Sequence
from functools import cache

from charbert.errors import DataError
from charbert.text.codepoints import mark_ranges

Span = tuple[int, int]


@cache
def _word_pattern() -> re.Pattern[str]:
    marks = f"[{mark_ranges()}]*+"
    letter, digit, sign = rf"[^\W\d_]{marks}", rf"\d{marks}", rf"[^\W_]{marks}"
    initials = rf"(?:{letter}\.){{2,}}(?!{sign})"  # "U.S." and "e.g." keep their last dot
    number = rf"(?:{digit})++(?:[.,:](?:{digit})++)+(?!{sign})"  # "1,250.75", "10:30"
    word = rf"(?:{sign})++(?:[-'’‐‑.·](?:{sign})++)*+"  # "didn't", "3rd-generation", "mail.org"
    return re.compile(rf"{initials}|{number}|{word}|\S{marks}")


def split_words(text: str) -> list[Span]:
    """Return the span of each word and punctuation mark of ``text``, left to right, (start, end) in characters.

    A word is a run of letters and digits with single apostrophes, hyphens or dots inside it ("didn't",
    "3rd-generation", "mail.org"); initials keep their last dot ("U.S."); numbers keep commas and colons between digits
    ("1,250.75", "10:30"). Combining marks belong to the character before them. Every other character except white space
    is a separate span, so the spans cover everything but white space.

    >>> text = "She didn't pay $1,250.75 in the U.S."
    >>> [text[start:end] for start, end in split_words(text)]
    ['She', "didn't", 'pay', '$', '1,250.75', 'in', 'the', 'U.S.']
    """
    return [match.span() for match in _word_pattern().finditer(text)]


def words_of(text: str) -> list[str]:
    """Return the words and punctuation marks of ``text`` themselves; see ``split_words``."""
    return _word_pattern().findall(text)


def replace_words(text: str, spans: Sequence[Span], new_words: Sequence[str]) -> tuple[str, list[Span]]:
    """Replace ``spans`` of ``text`` by ``new_words``; the text between them is unchanged.

    Args:
        text: the text that the spans point into.
        spans: (start, end) of each word to replace, left to right, none overlapping.
        new_words: the replacement of each; an empty word gives an empty span.

    Returns:
        The new text, and the span of each new word in it.

    Raises:
        DataError: if the numbers of spans and words differ, or a span overlaps the previous one or exceeds the text.
    """
    if len(spans) != len(new_words):
        raise DataError(f"replace_words needs one word per span, got {len(new_words)} words, {len(spans)} spans")
    pieces: list[str] = []
    new_spans: list[Span] = []
    done, length = 0, 0
    for (start, end), word in zip(spans, new_words, strict=True):
        if not done <= start <= end <= len(text):
            raise DataError(
                f"span ({start}, {end}) must start at or after {done} and end within the text's "
                f"{len(text)} characters; sort the spans and drop overlaps"
            )
        length += start - done
        pieces += [text[done:start], word]
        new_spans.append((length, length + len(word)))
        done, length = end, length + len(word)
    return "".join([*pieces, text[done:]]), new_spans
