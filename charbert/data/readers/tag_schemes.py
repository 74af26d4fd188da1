"""Converts entity tags from IOB1 to IOB2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from charbert.errors import DataError


def to_iob2(
    path: Path, sentences: Sequence[tuple[Sequence[str], int]], scheme: Literal["auto", "iob1", "iob2"]
) -> list[tuple[str, ...]]:
    """Return the tags of each sentence in IOB2.

    IOB1 has B- only between two adjacent entities of one type, IOB2 at the start of every entity. A file with both
    patterns is refused.

    Args:
        path: the file, for errors.
        sentences: tags of each sentence and the line of the first one.
        scheme: of the tags; ``auto`` detects it.

    Raises:
        DataError: if a tag does not belong to the scheme, or to the scheme of the rest of the file.
    """
    inside_start = begin_start = None  # first line where an entity starts with I-, and with a B- IOB1 forbids
    converted: list[tuple[str, ...]] = []
    for row, first_line in sentences:
        tags: list[str] = []
        previous = "O"
        for position, tag in enumerate(row):
            line = first_line + position
            _check_tag(path, line, tag)
            continues = previous != "O" and tag[2:] == previous[2:]
            if tag.startswith("I-") and not continues:
                inside_start = inside_start or (line, tag)
                tags.append(f"B-{tag[2:]}")
            else:
                if tag.startswith("B-") and not continues:
                    begin_start = begin_start or (line, tag)
                tags.append(tag)
            previous = tag
        converted.append(tuple(tags))
    if scheme == "iob2" and inside_start is not None:
        line, tag = inside_start
        raise DataError.at(path, line, expected="B- at the start of an entity (IOB2)", found=tag, hint="is it IOB1?")
    if scheme != "iob2" and begin_start is not None and (inside_start is not None or scheme == "iob1"):
        line, tag = begin_start
        other = f" and {inside_start[1]} at the start of another in line {inside_start[0]}" if inside_start else ""
        raise DataError.at(
            path,
            line,
            expected="one scheme, IOB1 or IOB2" if scheme == "auto" else "IOB1",
            found=f"{tag} at the start of an entity{other}",
            hint="convert the tags to IOB2",
        )
    return converted


def is_entity_tag(tag: str) -> bool:
    """Return whether a tag is O, B-TYPE or I-TYPE."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)


def _check_tag(path: Path, line: int, tag: str) -> None:
    if is_entity_tag(tag):
        return
    hint = "convert IOBES or BILOU tags to IOB2" if tag[:2] in ("E-", "S-", "L-", "U-") else "is it the tag column?"
    raise DataError.at(path, line, expected="a tag O, B-TYPE or I-TYPE", found=repr(tag), hint=hint)
