"""Converts entity tags of other schemes to IOB2: IOB1, IO, IOBES, BILOU, and types without a prefix."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charbert.errors import DataError

log = logging.getLogger(__name__)

_NAMES = {"types": "types without a prefix"}
_ENTITY_TAG = re.compile(r"O|[BIESLUMW]-.+", re.DOTALL)
_OTHERWISE = re.compile(r"([BIESLUMW])_(.+)|(.+)[-_]([BIESLUMW])", re.DOTALL)
"""A prefix with another sign, ``B_PER``, or behind the type, ``PER-B``."""
_BEGINS = "BSUW"
"""Prefixes of an entity's first word: S-, U- and W- are entities of one word."""
_ENDS = "ESLUW"
"""Prefixes of its last word."""


@dataclass(frozen=True)
class TagReport:
    """What a file's tags were before the conversion."""

    scheme: str
    """IOB2, IOB1, IO, IOBES, BILOU, BMES, or types: tags without a prefix."""
    converted: int
    """Tags that changed."""
    orphans: int
    """Tags that continue no entity although other entities of the file begin with B-; each was read as B-."""
    first_orphan: int | None = None
    """Line of the first of them, from 1."""

    @property
    def unusual(self) -> bool:
        """Whether the tags were not those of IOB2."""
        return self.scheme != "IOB2" or self.orphans > 0

    def log(self, path: Path) -> None:
        """Log what is not IOB2."""
        if self.scheme != "IOB2":
            note = ""
            if self.scheme in ("IO", "types"):
                note = "; adjacent words of one type are one entity, since nothing in the file divides them"
            log.info("%s: tags in %s read as IOB2%s", path, _NAMES.get(self.scheme, self.scheme), note)
        if self.orphans:
            log.warning(
                "%s: %d tags that continue no entity read as B-, the first in line %d; task.columns.strict_tags=true "
                "refuses them", path, self.orphans, self.first_orphan
            )  # fmt: skip


def to_iob2(
    path: Path, sentences: Sequence[tuple[Sequence[str], int]], *, strict: bool = False
) -> tuple[list[tuple[str, ...]], TagReport]:
    """Return the tags of each sentence in IOB2, and what they were.

    IOB1 has B- only between two adjacent entities of one type, IOB2 at the start of every entity. IO and types without
    a prefix have no sign between adjacent entities: adjacent words of one type are one entity.

    Args:
        sentences: tags of each sentence and the line of the first one.
        strict: refuse a file with tags that continue no entity, unless all its entities begin so (IOB1, IO).

    Raises:
        DataError: if a tag has no prefix of a scheme, or by ``strict``.
    """
    originals = [row for row, _ in sentences]
    placed = [(tag, line) for row, first in sentences for line, tag in enumerate(row, start=first)]
    if placed and not any(is_entity_tag(tag) for tag, _ in placed):
        tag, line = placed[0]
        _check_tag(path, line, tag, other="other tags for every word are read with task=pos")
    sentences, bare = with_prefixes(sentences)
    begins: list[tuple[int, str]] = []  # where an entity begins with B-, and would begin with I- in IOB1
    orphans: list[tuple[int, str]] = []
    converted = [tuple(_convert(path, row, first, begins, orphans)) for row, first in sentences]
    changed = sum(
        tag != new for row, tags in zip(originals, converted, strict=True) for tag, new in zip(row, tags, strict=True)
    )
    if orphans and not begins:
        scheme = "types" if bare else _letters_scheme(sentences, "IOB1")
        return converted, TagReport(scheme, changed, 0)
    if orphans and strict:
        (line, tag), (other, _) = orphans[0], begins[0]
        raise DataError.at(
            path,
            line,
            expected=f"B- at the start of an entity, as in line {other}",
            found=tag,
            hint="task.columns.strict_tags=false reads it as B-",
        )
    scheme = "types" if bare else _letters_scheme(sentences, "IOB2")
    return converted, TagReport(scheme, changed, len(orphans), orphans[0][0] if orphans else None)


def with_prefixes(sentences: Sequence[tuple[Sequence[str], int]]) -> tuple[Sequence[tuple[Sequence[str], int]], bool]:
    """Return the sentences, with I- before all types if no tag of the file has a prefix, and whether it was added.

    A file counts as one of types only if it has the tag O too, which parts of speech do not have, and not if all types
    have a prefix in another form, as ``B_PER``.
    """
    tags = {tag for row, _ in sentences for tag in row}
    types = tags - {"O"}
    if "O" not in tags or not types or any(len(name) < 2 or name[1] == "-" for name in types):
        return sentences, False
    if all(map(_OTHERWISE.fullmatch, types)):
        return sentences, False
    return [([tag if tag == "O" else f"I-{tag}" for tag in row], first) for row, first in sentences], True


def is_entity_tag(tag: str) -> bool:
    """Return whether a tag is O, or has a type after the prefix of a scheme."""
    return _ENTITY_TAG.fullmatch(tag) is not None


def _convert(
    path: Path, row: Sequence[str], first: int, begins: list[tuple[int, str]], orphans: list[tuple[int, str]]
) -> list[str]:
    """Return the tags of a sentence in IOB2; starts of entities are added to the lists, with their lines."""
    tags: list[str] = []
    going_on = ""  # type of the entity that the next word may continue
    for line, tag in enumerate(row, start=first):
        header = {"other": "is the first line a header? Take it out"} if line == 1 else {}
        _check_tag(path, line, tag, **header)
        prefix, kind = tag[0], tag[2:]
        if tag == "O":
            tags.append(tag)
            going_on = ""
            continue
        continues = kind == going_on
        if prefix in _BEGINS and (not continues or prefix != "B"):
            begins.append((line, tag))
        if prefix not in _BEGINS and not continues:
            orphans.append((line, tag))
        tags.append(f"I-{kind}" if continues and prefix not in _BEGINS else f"B-{kind}")
        going_on = "" if prefix in _ENDS else kind
    return tags


def _letters_scheme(sentences: Sequence[tuple[Sequence[str], int]], usual: str) -> str:
    letters = {tag[0] for row, _ in sentences for tag in row if tag != "O"}
    for scheme, own in (("BILOU", "LU"), ("BMES", "MW"), ("IOBES", "ES")):
        if letters & set(own):
            return scheme
    return "IO" if letters == {"I"} else usual


def _check_tag(path: Path, line: int, tag: str, other: str = "is it the tag column?") -> None:
    if not is_entity_tag(tag):
        hint = other
        if is_entity_tag(tag.upper()):
            hint = f"write {tag[:2].upper()}{tag[2:]}, and the other tags so"
        if tag in tuple("BIESLUMW"):
            hint = f"give it a type, as {tag}-ENTITY"
        if tag == "0":
            hint = "write the letter O"
        if form := _OTHERWISE.fullmatch(tag):
            hint = f"write {form[1] or form[4]}-{form[2] or form[3]}, and the other tags so"
        raise DataError.at(path, line, expected="a tag O, B-TYPE or I-TYPE", found=repr(tag), hint=hint)
