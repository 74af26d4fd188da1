"""Checksums of the files of a folder, to detect damage before reading and foreign files before replacing."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from charbert.errors import SettingsError
from charbert.files import check_writable, replaced_folder, shorten_path, write_atomically
from charbert.provenance import file_checksum

CHECKSUMS = "checksums.json"
"""SHA-256 of every file of a folder; written last."""
WRITTEN_BY = ".written_by"
"""The command that wrote a folder, and the SHA-256 of every file."""


def checksums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its path below ``root``."""
    return {shorten_path(path, root): file_checksum(path) for path in paths}


def record_checksums(folder: Path) -> None:
    """Write the checksums of all files in a folder."""
    write_atomically(folder / CHECKSUMS, json.dumps(_checksums(folder), indent=1) + "\n")


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


@contextmanager
def written_folder(target: Path | str, writer: str, source: Path | str) -> Iterator[Path]:
    """Yield an empty folder that replaces ``target`` when the body ends, as `replaced_folder` does.

    Only a folder that the same command has written, and that nobody changed since, is replaced.

    Args:
        writer: the command, as ``charbert encoder``.

    Raises:
        SettingsError: as `check_target`.
        RecordError: if the folder cannot be written.
    """
    check_target(target, writer, source)
    with replaced_folder(target) as draft:
        yield draft
        content = {"writer": writer, "files": _checksums(draft)}
        write_atomically(draft / WRITTEN_BY, json.dumps(content, indent=1) + "\n")
        check_target(target, writer, source)  # work takes minutes, in which files may have come


def check_target(target: Path | str, writer: str, source: Path | str) -> None:
    """Check before any work that a folder can be written, and that nothing is deleted that the command has not written.

    Raises:
        RecordError: if the folder that it is in cannot be written to.
        SettingsError: if the target is a file, the working folder, holds the source or other files.
    """
    where = Path(target).resolve()
    check_writable(where.parent)
    if not where.exists():
        return
    inside = {f"one that holds the model {source}": Path(source).resolve(), "the working folder": Path.cwd()}
    for name, folder in inside.items():
        if folder.is_relative_to(where):
            raise SettingsError(f"{target}: expected a new folder to write, got {name}; choose another")
    if not where.is_dir():
        raise SettingsError(f"{target}: expected a new folder to write, got a file; choose another")
    if others := _not_written(where, writer):
        raise SettingsError(
            f"{target}: expected a new or empty folder, or one that `{writer}` wrote, got one with other files "
            f"({', '.join(others[:3])}{', ...' if len(others) > 3 else ''}); choose another, or delete it first"
        )


def _not_written(folder: Path, writer: str) -> list[str]:
    """Return the names in a folder that are not as the command has written them."""
    try:
        content = json.loads((folder / WRITTEN_BY).read_text(encoding="utf-8"))
        written = dict(content["files"]) if content["writer"] == writer else {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        written = {}
    if not written:
        return sorted(path.name for path in folder.iterdir())
    others = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_symlink()]
    return others + [name for name, checksum in _checksums(folder).items() if written.get(name) != checksum]


def _checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the files of a folder, by their paths in it, other than those that list the others."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (CHECKSUMS, WRITTEN_BY))
    return {path.relative_to(folder).as_posix(): file_checksum(path) for path in files}
