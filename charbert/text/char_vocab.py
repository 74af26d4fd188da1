"""The character vocabulary: the ids of characters, and four reserved ids."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np

from charbert.errors import DataError
from charbert.files import read_text, write_atomically
from charbert.text.codepoints import IntArray, SourceText

FORMAT_VERSION = 1
"""Version of the JSON form; a file of another version is refused."""

_LAST_CASED = 0x1FFFF
"""A code point above all that have a lower-case form."""

RESERVED_NAMES = ("<pad>", "<separator>", "<special>", "<unk>")
"""Entries 0..3 of a vocabulary built here; longer than one character, so that no character matches them."""

_IDS = ("pad_id", "separator_id", "special_id", "unk_id")
"""Ids whose entries may be longer than a character."""


def count_characters(texts: Iterable[str]) -> Counter[str]:
    """Return the number of occurrences of each character."""
    return Counter(chain.from_iterable(texts))


@dataclass(frozen=True)
class CharVocab:
    """Characters and their ids: the id of a character is its position in ``characters``.

    Paper: Sec. 3.3, Eq. 1, the rows of the character embedding W_c; Sec. 4.1, 1,000 characters.
    Released code: padding, separator and special pieces share id 0, the space; see ``read_released``.

    >>> vocabulary = CharVocab.build(["banana bread"], size=8)
    >>> vocabulary.characters[4:]
    ('a', 'b', 'n', 'd')
    >>> vocabulary.encode("bandit").tolist()  # i and t are unknown
    [5, 4, 6, 7, 3, 3]

    Args:
        characters: one entry per id. An entry of one code point is a character; the empty string is an unused id; a
            longer entry is a name and is allowed for the four ids below only.
        pad_id: padding of rows.
        separator_id: follows each subword's characters.
        special_id: represents a subword without characters, such as [CLS] or a hidden one.
        unk_id: every character that is not in the vocabulary.
        lower_case: whether a character is read as its lower-case form, where that is one character.

    Raises:
        DataError: if a character stands twice, an id is out of range, or an entry is longer than a character.
    """

    characters: Sequence[str]
    pad_id: int
    separator_id: int
    special_id: int
    unk_id: int
    lower_case: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "characters", tuple(self.characters))
        if not isinstance(self.lower_case, bool):
            raise DataError(f"character vocabulary: lower_case must be true or false, got {self.lower_case!r}")
        for name in _IDS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(self.characters):
                raise DataError(
                    f"character vocabulary: {name} must be an id in 0..{len(self.characters) - 1}, got {value!r}"
                )
        named = {getattr(self, name) for name in _IDS}
        seen: dict[str, int] = {}
        for index, entry in enumerate(self.characters):
            if not isinstance(entry, str) or (len(entry) > 1 and index not in named):
                raise DataError(f"character vocabulary: id {index} must be one character, got {entry!r}")
            if entry and seen.setdefault(entry, index) != index:
                raise DataError(f"character vocabulary: {entry!r} stands twice, as ids {seen[entry]} and {index}")

    @classmethod
    def build(cls, texts: Iterable[str], size: int) -> Self:
        """Return the vocabulary of the most frequent characters of ``texts``; ties go to the lower code point.

        White space is left out, since it is not part of any subword. A corpus with fewer characters gives a smaller
        vocabulary.

        Args:
            size: largest number of ids, including the four reserved ones; at least 5.

        Raises:
            DataError: if ``size`` is below 5.
        """
        return cls.of_counts(count_characters(texts), size)

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], size: int) -> Self:
        """Return the vocabulary as `build` does, from the number of occurrences of each character.

        Raises:
            DataError: if ``size`` is below 5.
        """
        if size <= len(RESERVED_NAMES):
            raise DataError(
                f"character vocabulary size must be at least {len(RESERVED_NAMES) + 1}, "
                f"since four ids are reserved, got {size}"
            )
        ranked = sorted(
            (char for char in counts if not char.isspace() and not "\ud800" <= char <= "\udfff"),
            key=lambda char: (-counts[char], char),
        )
        return cls([*RESERVED_NAMES, *ranked[: size - len(RESERVED_NAMES)]], 0, 1, 2, 3)

    @classmethod
    def read_released(cls, path: Path | str) -> Self:
        """Return a vocabulary in the authors' layout: one character a line, its id the line number from 0.

        Line 0 is the space, whose id 0 is also padding, separator and special piece; the last line is ``<unk>``. Empty
        lines (two in the BERT file) keep their ids, which are unused.

        Raises:
            DataError: if the file is missing, is not UTF-8 or has another layout.
        """
        lines = read_text(Path(path), "a character vocabulary").split("\n")
        if lines[-1] == "":
            lines.pop()
        if not lines or lines[0] != " ":
            raise DataError.at(path, 1, expected="a single space", found=repr(lines[0] if lines else ""))
        if lines[-1] != "<unk>":
            raise DataError.at(path, len(lines), expected="<unk> on the last line", found=repr(lines[-1]))
        first_at: dict[str, int] = {}
        for number, line in enumerate(lines[:-1], start=1):
            if len(line) > 1:
                raise DataError.at(path, number, expected="one character", found=repr(line))
            if line and first_at.setdefault(line, number) != number:
                raise DataError.at(
                    path,
                    number,
                    expected="each character once",
                    found=f"{line!r} again, first on line {first_at[line]}",
                )
        return cls(lines, 0, 0, 0, len(lines) - 1)

    def __len__(self) -> int:
        return len(self.characters)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled, the fields alone: by it ``datasets`` knows whether a tokenizer is the same."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _table(self) -> IntArray:
        known = {ord(char): index for index, char in enumerate(self.characters) if len(char) == 1}
        if self.lower_case:
            lowered = ((code, chr(code).lower()) for code in range(_LAST_CASED + 1))
            known |= {
                code: known.get(ord(lower), self.unk_id)
                for code, lower in lowered
                if len(lower) == 1 and ord(lower) != code
            }
        table = np.full(max(known, default=0) + 2, self.unk_id, np.int32)  # the last row is for all higher code points
        table[list(known)] = list(known.values())
        return table

    def encode_codes(self, codes: IntArray) -> IntArray:
        """Return the id of each code point, int32, same shape."""
        table = self._table
        return table[np.minimum(codes, len(table) - 1)]

    def encode(self, text: str) -> IntArray:
        """Return the id of each character of ``text``, (len(text),) int32."""
        return self.encode_codes(SourceText.of([text]).codes)

    def unknown(self, texts: Iterable[str]) -> Counter[str]:
        """Return how often each character occurs that is read as the unknown one."""
        counts = count_characters(texts)
        ids = self.encode("".join(counts)).tolist()
        return Counter({char: counts[char] for char, index in zip(counts, ids, strict=True) if index == self.unk_id})

    def to_dict(self) -> dict[str, Any]:
        """Return the vocabulary as a dict for a model's configuration."""
        return {
            "version": FORMAT_VERSION,
            "characters": list(self.characters),
            **{name: getattr(self, name) for name in _IDS},
            **({"lower_case": True} if self.lower_case else {}),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Return the vocabulary that ``to_dict`` wrote.

        Raises:
            DataError: if the version is another, a field is missing or unknown, or the entries do not fit.
        """
        if not isinstance(record, Mapping):
            raise DataError(f"character vocabulary: expected a mapping, got {type(record).__name__}")
        fields = dict(record)
        version = fields.pop("version", None)
        if version != FORMAT_VERSION:
            raise DataError(
                f"character vocabulary: expected version {FORMAT_VERSION}, got {version!r}; "
                "build it again or use the release that wrote it"
            )
        expected = {"characters", *_IDS}
        if set(fields) - {"lower_case"} != expected:
            raise DataError(f"character vocabulary: expected the fields {sorted(expected)}, got {sorted(fields)}")
        if isinstance(fields["characters"], str) or not isinstance(fields["characters"], Sequence):
            raise DataError("character vocabulary: characters must be a list of strings")
        return cls(**fields)

    def save(self, path: Path | str) -> None:
        """Write the vocabulary to ``path`` as JSON, atomically."""
        write_atomically(path, json.dumps(self.to_dict(), ensure_ascii=True, indent=0) + "\n")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Return the vocabulary that ``save`` wrote to ``path``.

        Raises:
            DataError: if the file is missing, is not JSON, or does not hold a vocabulary that fits.
        """
        try:
            return cls.from_dict(json.loads(read_text(Path(path), "a character vocabulary")))
        except json.JSONDecodeError as error:
            raise DataError.at(
                path,
                error.lineno,
                expected="a character vocabulary in JSON",
                found=error.msg,
                hint="a file with one character a line is read by CharVocab.read_released",
            ) from None
        except RecursionError:
            raise DataError.at(path, None, expected="a character vocabulary", found="JSON nested too deeply") from None
        except ValueError as error:  # a DataError too
            message = str(error)
            raise DataError(message if message.startswith(str(path)) else f"{path}: {message}") from None
