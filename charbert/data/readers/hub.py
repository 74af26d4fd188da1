"""Writes splits of the Hugging Face hub and Parquet files in the layouts that our readers read.

A split is written once in the layout of its benchmark, so readers and checksums work on local files.
"""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from charbert.errors import DataError, SettingsError, first_line
from charbert.files import replaced_file

_HUB, _PARQUET = "hub:", "parquet:"
_FORM = "hub:org/name/config/split or hub:org/name/config/split@revision"


def parse_reference(reference: str) -> dict[str, str | None]:
    """Return the options of ``datasets.load_dataset`` for ``hub:org/name/config/split@revision``.

    The config ``default`` is the default config of the data set. The revision is a branch, tag or commit; without it
    the current main branch is read, so a commit is more reproducible.

    Raises:
        SettingsError: if the reference has another form.
    """
    place, _, revision = reference.removeprefix(_HUB).partition("@")
    parts = place.split("/")
    if not reference.startswith(_HUB) or len(parts) != 4 or not all(parts):
        raise SettingsError(f"a split on the hub is given as {_FORM}, got {reference!r}")
    config = None if parts[2] == "default" else parts[2]
    return {"path": "/".join(parts[:2]), "name": config, "split": parts[3], "revision": revision or None}


def is_reference(name: str) -> bool:
    """Return whether a setting names a hub split or Parquet files and not a file to read as it is."""
    return name.startswith((_HUB, _PARQUET))


def fetch_split(
    reference: str,
    write: Callable[[Path, HubRows], None],
    suffix: str,
    hub_columns: Mapping[str, str],
    root: Path,
    folder: Path,
) -> Path:
    """Write a split as a file in the layout of the task and return its path.

    Files in the cache of the hub library are not downloaded again.

    Args:
        reference: ``hub:org/name/config/split@revision``, or ``parquet:`` and a path or pattern of files.
        write: writes the rows in the layout of the task, as `charbert.tasks.task.Task.write_hub` does.
        hub_columns: names of columns on the hub, by our names, if they differ, such as
            ``{"#1 String": "sentence1"}``. For tagging the defaults are ``tokens`` for ``word`` and ``ner_tags`` for
            ``tag``.
        root: folder that a path of Parquet files is relative to.

    Raises:
        DataError: if the split cannot be loaded, lacks a column, or has a row without label; nothing is written then.
        SettingsError: if the reference has no known form.
    """
    rows = load_split(reference, root)
    path = split_path(reference, suffix, folder)
    write(path, HubRows(reference, rows, hub_columns))
    return path


def fetch_corpus(reference: str, root: Path, folder: Path) -> Path:
    """Write the documents of a split, its column ``text``, as plain text and return the file's path.

    An existing file is not written again. The split may be a slice in the syntax of the hub library, such as
    ``train[:2000]``.

    Args:
        reference: as for `fetch_split`.
        root: folder that a path of Parquet files is relative to.

    Raises:
        DataError: if the split cannot be loaded or has no such column; nothing is written then.
        SettingsError: if the reference has no known form.
    """
    path = split_path(reference, ".txt", folder)
    if path.is_file():
        return path
    rows = HubRows(reference, load_split(reference, root), {})
    with replaced_file(path) as stream:
        for (document,) in rows.read("text"):
            paragraphs = [line for line in map(str.strip, (document or "").splitlines()) if line]
            if paragraphs:
                stream.write(("\n".join(paragraphs) + "\n\n").encode("utf-8"))
    return path


def split_path(reference: str, suffix: str, folder: Path) -> Path:
    """Return where a split is written.

    Other references have other names: the hash tells ``train[2000:]`` from ``train[:2000]``.
    """
    digest = hashlib.sha256(reference.encode("utf-8")).hexdigest()[:12]
    readable = re.sub(r"[^\w.-]+", "-", reference, flags=re.ASCII).strip("-")
    return folder / f"{readable[:100]}-{digest}{suffix}"


def load_split(reference: str, root: Path) -> datasets.Dataset:
    """Return the rows of a split on the hub, or of Parquet files; data sets with loading code are refused.

    Raises:
        DataError: if they cannot be loaded.
        SettingsError: if the reference has no known form.
    """
    options: dict[str, Any]
    if reference.startswith(_PARQUET):
        path = root / reference.removeprefix(_PARQUET)
        files = glob.escape(str(path)) if path.is_file() else str(path)  # a pattern of several files, or a name
        options = {"path": "parquet", "data_files": {"rows": files}, "split": "rows"}
    else:
        options = parse_reference(reference)
    try:
        return datasets.load_dataset(**options)
    except Exception as error:  # no common base: no network, no such data set, config, split or file
        raise DataError(
            f"{reference}: expected a data set that can be loaded, got {first_line(error)!r}; check the name and the "
            "network (HF_HUB_OFFLINE), or put files under paths.data and use data=benchmarks"
        ) from error


@dataclass(eq=False)
class HubRows:
    """The rows of a split, with our column names and with the data set's label names."""

    reference: str
    rows: datasets.Dataset
    hub_columns: Mapping[str, str]

    def read(self, *columns: str, optional: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield the values of the columns, row by row, and defaults for missing optional columns."""
        optional = optional or {}
        names = [self.hub_columns.get(column, column) for column in (*columns, *optional)]
        features = self.rows.features
        missing = [name for name in names[: len(columns)] if name not in features]
        if missing:
            raise DataError(
                f"{self.reference}: expected the columns {', '.join(names)}, got {', '.join(features)} "
                f"without {', '.join(missing)}; set hub_columns of the set"
            )
        defaults = dict(zip(names[len(columns) :], optional.values(), strict=True))
        for number, row in enumerate(self.rows):
            yield tuple(
                self._named(features[name], row[name], number) if name in features else defaults[name] for name in names
            )

    def text(self, value: Any, number: int, column: str) -> str:
        """Return the value after checking that it is a text."""
        if not isinstance(value, str):
            raise self.error(number, f"a text in {column}", value)
        return value

    def texts(self, value: Any, number: int, column: str) -> list[str]:
        """Return the value after checking that it is a list without missing items; numbers become texts."""
        if not isinstance(value, list) or any(item is None or isinstance(item, list | dict) for item in value):
            raise self.error(number, f"a list without missing items in {column}", value)
        return list(map(str, value))

    def error(self, number: int, expected: str, found: Any) -> DataError:
        """Return the error of a row."""
        shown = "nothing" if found is None else repr(found)[:80]
        return DataError(
            f"{self.reference}: expected {expected} in row {number}, got {shown}; set hub_columns of the set?"
        )

    def _named(self, feature: Any, value: Any, number: int) -> Any:
        """Return the value with label ids, in lists too, turned into names."""
        if isinstance(feature, datasets.ClassLabel):
            if value is None or not 0 <= value < feature.num_classes:
                raise DataError(
                    f"{self.reference}: expected a label in row {number}, got {value}; "
                    "the test sets of GLUE have no labels, use the validation split"
                )
            return feature.int2str(value)
        if isinstance(feature, datasets.List):
            return None if value is None else [self._named(feature.feature, item, number) for item in value]
        return value
