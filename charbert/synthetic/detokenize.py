"""Joins words to running text, with the position of each word."""

from collections.abc import Sequence

_CLOSERS = frozenset([",", ".", ":", ";", "?", "!", ")", "%", "'s"])
_OPENERS = frozenset(["(", "$"])


def detokenize(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Return the text with the spacing of a newspaper, and the span (start, end) of each word in it, in characters."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    length, joined, quoted = 0, True, False
    for word in words:
        if word == '"':
            closes, opens, quoted = quoted, not quoted, not quoted
        else:
            closes, opens = word in _CLOSERS, word in _OPENERS
        if not joined and not closes:
            pieces.append(" ")
            length += 1
        pieces.append(word)
        spans.append((length, length + len(word)))
        length += len(word)
        joined = opens
    return "".join(pieces), spans
