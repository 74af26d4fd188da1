"""Reads text files, and checks that two copies have the same number of examples."""

import shlex
from collections.abc import Sized
from pathlib import Path

from charbert.errors import DataError

_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\xfd7zXZ", b"BZh")
"""First bytes of .xlsx, .ods and .zip files, of .xls, .gz, .xz and .bz2 files."""

_WESTERN = "WINDOWS-1252"  # ISO-8859-1 and more
_OTHERS = (
    "take WINDOWS-1250 for Polish or Czech, -1251 for Cyrillic, -1253 for Greek, -1254 for Turkish, -1256 for Arabic, "
    "GB18030 for Chinese"
)
"""Encodings whose bytes the same command reads as wrong letters, without an error."""


def suffix_of(path: Path | str) -> str:
    """Return the suffix that says what form a file has, in lower case."""
    return Path(path).suffix.lower()


def read_text(path: Path, kind: str) -> str:
    """Return the text of a file, without a byte order mark.

    In a file without any line feed, carriage returns end the lines.

    Args:
        path: the file, in UTF-8.
        kind: of the expected file, for the error.

    Raises:
        DataError: if the file is missing or not UTF-8.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        problem = "a folder" if path.is_dir() else "no such file"
        raise DataError.at(path, None, expected=kind, found=problem, hint="check the path") from None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        bad_byte = f"byte 0x{data[error.start]:02x}"
        encoding = _likely_encoding(data)
        hint = f"convert the file, as with: iconv -f {encoding} -t UTF-8 {shlex.quote(path.name)} > NEW"
        if encoding == _WESTERN:
            hint += f"; {encoding} is for Western Europe: {_OTHERS}"
        if data.startswith(_PACKED):
            hint = "is it a spreadsheet or an archive? Save it as CSV in UTF-8, or unpack it"
        raise DataError.at(path, line, expected="UTF-8 text", found=bad_byte, hint=hint) from None
    return text if "\n" in text else text.replace("\r", "\n")


def _likely_encoding(data: bytes) -> str:
    """Return the encoding that bytes which are no UTF-8 probably have."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    return "UTF-16LE" if b"\0" in data else _WESTERN


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


def check_same_number(path: Path | str, kind: str, clean: Sized, attacked: Sized) -> None:
    """Check that an attacked copy has as many examples as the clean set.

    Args:
        kind: of the examples, in the plural.

    Raises:
        DataError: if the numbers differ.
    """
    if len(clean) != len(attacked):
        place = f"{path}: " if str(path) else ""
        raise DataError(
            f"{place}expected {len(clean)} attacked {kind}, as many as clean ones, got {len(attacked)}; "
            "is one of the files truncated?"
        )
