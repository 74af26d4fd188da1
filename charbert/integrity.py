"""Checksums of the files of a folder, to detect damage before reading."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from charbert.files import shorten_path, write_atomically
from charbert.provenance import file_checksum

CHECKSUMS = "checksums.json"
"""SHA-256 of every file of a folder; written last."""


def checksums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its path below ``root``."""
    return {shorten_path(path, root): file_checksum(path) for path in paths}


def record_checksums(folder: Path) -> None:
    """Write the checksums of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    sums = {path.relative_to(folder).as_posix(): file_checksum(path) for path in files}
    write_atomically(folder / CHECKSUMS, json.dumps(sums, indent=1) + "\n")


def find_damage(folder: Path) -> str | None:
    """Return what is wrong with a folder with checksums, None if it is unchanged."""
    try:
        sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        for name, checksum in sums.items():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if file_checksum(folder / name) != checksum:
                return f"{name} is not as it was written"
    except FileNotFoundError:
        return f"{CHECKSUMS} is missing"
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return f"{CHECKSUMS} cannot be read: {error}"
    return None
