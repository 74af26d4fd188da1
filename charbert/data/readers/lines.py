"""Reads text files, and checks that an attacked copy has the examples of the clean set."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from charbert.errors import DataError
from charbert.files import read_text


def suffix_of(path: Path | str) -> str:
    """Return the suffix that says what form a file has, in lower case."""
    return Path(path).suffix.lower()


def with_mark(text: str) -> str:
    """Return a text to write such that `read_text` returns it, even if it begins with a byte order mark."""
    return "\ufeff" + text if text.startswith("\ufeff") else text


def read_lines(path: Path, kind: str) -> list[str]:
    r"""Return the lines of a file without their ends, ``\n`` or ``\r\n``; line ``i`` has number ``i + 1``.

    Raises:
        DataError: if the file is missing or not UTF-8.
    """
    lines = read_text(path, kind).split("\n")  # not splitlines(): a text may contain U+0085 or U+2028
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def check_aligned(
    clean: Sequence[Any], attacked: Sequence[Any], path: Path, kind: str, compared: Mapping[str, Callable[[Any], Any]]
) -> None:
    """Check that the examples of an attacked copy are those of the clean set, in their order.

    Args:
        path: of the attacked copy, for errors.
        kind: of an example, as ``row``.
        compared: what an attack does not change, from its name to how it is read from an example.

    Raises:
        DataError: naming the first example that does not match, or if the numbers of examples differ.
    """
    for number, (example, copy) in enumerate(zip(clean, attacked, strict=False)):
        for name, value_of in compared.items():
            expected, found = value_of(example), value_of(copy)
            if expected != found:
                name, expected, found = _first_difference(name, expected, found)
                places = f"{_place(copy)}, of the clean set {_place(example)}"
                raise DataError(
                    f"{path}, {kind} {number} ({places}): expected {name} {expected!r:.100} as in the clean set, got "
                    f"{found!r:.100}; an attack changes letters of words alone; are both made from one file?"
                )
    if len(clean) != len(attacked):
        raise DataError(
            f"{path}: expected {len(clean)} attacked {kind}s, as many as clean ones, got {len(attacked)}; "
            "is one of the files truncated?"
        )


def _first_difference(name: str, expected: Any, found: Any) -> tuple[str, Any, Any]:
    """Return, of values that have one for each word, those of the first word that differs; others as they are."""
    if not isinstance(expected, tuple) or len(expected) != len(found):
        return name, expected, found
    word = next(place for place, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1])
    return f"{name} of word {word}", expected[word], found[word]


def _place(example: Any) -> str:
    return getattr(example, "place", "") or f"line {getattr(example, 'line', None) or 'not known'}"
