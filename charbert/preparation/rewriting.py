"""Words of an example that may be changed, and texts with changed words and the new places of what stayed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from charbert.text.words import Span, split_words


@dataclass(frozen=True)
class Words:
    """The words of one text, and what may happen to each."""

    words: tuple[str, ...]
    changeable: tuple[bool, ...]
    """Whether another word may take its place."""
    movable: tuple[bool, ...]
    """Whether it may be deleted or swapped with a neighbor."""


@dataclass(frozen=True)
class Rewritten:
    """As many words as there were; an empty one is left out."""

    words: tuple[str, ...]
    sources: tuple[int, ...]
    """Index of the original word at each position; its label moves with it."""


@dataclass(frozen=True)
class RewrittenText:
    """A text after words were replaced, and the places of its old characters."""

    text: str
    kept: tuple[tuple[int, int, int], ...]
    """Stretches that stayed as they were: old start, old end, new start."""

    def place(self, start: int, length: int) -> int | None:
        """Return the new place of a stretch of the old text, None if it was changed.

        Neighboring stretches that stayed together are one, so an answer may span many words.
        """
        number = bisect_right([old for old, _, _ in self.kept], start) - 1
        if number < 0 or start + length > self.kept[number][1]:
            return None
        old_start, _, new_start = self.kept[number]
        return new_start + start - old_start


def text_words(text: str, protected: Sequence[Span] = ()) -> Words:
    """Return the words of a text.

    Words with a letter may be changed, words with a letter or digit moved; none that touches a protected span.

    Args:
        protected: spans that must stay as they are, (start, end) in characters.
    """
    spans = split_words(text)
    words = tuple(text[start:end] for start, end in spans)
    free = [not any(start < last and first < end for first, last in protected) for start, end in spans]
    changeable = tuple(is_free and any(map(str.isalpha, word)) for is_free, word in zip(free, words, strict=True))
    movable = tuple(is_free and any(map(str.isalnum, word)) for is_free, word in zip(free, words, strict=True))
    return Words(words, changeable, movable)


def rewrite_text(text: str, spans: Sequence[Span], new_words: Sequence[str]) -> RewrittenText:
    """Return the text with new words in the places of its own; an empty word is deleted with the space before it."""
    pieces: list[str] = []
    kept: list[tuple[int, int, int]] = []
    length = done = 0

    def keep(start: int, end: int) -> None:
        nonlocal length
        if start == end:
            return
        if kept and kept[-1][1] == start and kept[-1][2] + start - kept[-1][0] == length:
            kept[-1] = (kept[-1][0], end, kept[-1][2])
        else:
            kept.append((start, end, length))
        pieces.append(text[start:end])
        length += end - start

    for (start, end), word in zip(spans, new_words, strict=True):
        if not word:
            # at the start of the text the space after it is deleted instead
            done = end if length else end + len(text[end:]) - len(text[end:].lstrip())
            continue
        keep(done, start)
        if word == text[start:end]:
            keep(start, end)
        else:
            pieces.append(word)
            length += len(word)
        done = end
    keep(done, len(text))
    return RewrittenText("".join(pieces), tuple(kept))
