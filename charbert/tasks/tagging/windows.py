"""Texts that are too long for a model: windows of words that overlap, and their results joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def overlapping_windows(counts: Sequence[int], space: int, overlap: int) -> list[tuple[int, int]]:
    """Return spans of words that cover all of them, each as long as possible.

    A word with more than ``space`` subwords is a window of its own.

    Args:
        counts: subwords of each word, one word or more.
        space: most subwords of a window.
        overlap: most subwords that a window has in common with the one before it; less than ``space``.
    """
    windows: list[tuple[int, int]] = []
    start = end = 0
    while end < len(counts):
        used, first_end = 0, end
        end = start
        while end < len(counts) and (end == start or used + counts[end] <= space):
            used += counts[end]
            end += 1
        if end <= first_end and windows:  # the next word does not fit beside the overlap
            start, end = first_end, first_end
            continue
        windows.append((start, end))
        shared, start = 0, end
        while start > windows[-1][0] + 1 and shared + counts[start - 1] <= overlap:
            start -= 1
            shared += counts[start]
    return windows


def stitch(windows: Sequence[tuple[int, Sequence[T]]], continues: Callable[[T], bool]) -> list[T]:
    """Return one value for each word from windows that overlap.

    The next window takes over where, nearest to the middle of what both hold, neither has a word that belongs with
    the one before it; if there is no such place, in the middle.

    Args:
        windows: first word of each and its values, in order, without gaps.
        continues: whether a value belongs with the one before it.
    """
    joined: list[T] = []
    for first, values in windows:
        shared = len(joined) - first
        at = _takeover(joined[first:], values[:shared], values[shared:], continues)
        joined[first + at :] = values[at:]
    return joined


def _takeover(old: Sequence[T], new: Sequence[T], rest: Sequence[T], continues: Callable[[T], bool]) -> int:
    """Return how many of the shared words keep the old window's values."""
    shared = len(old)
    if not shared:
        return 0
    follows = [*new, *rest[:1]]
    safe = [
        at
        for at in range(shared + 1)
        if not (at < shared and continues(old[at])) and not (at < len(follows) and continues(follows[at]))
    ]
    return min(safe, key=lambda at: abs(2 * at - shared), default=shared // 2)
