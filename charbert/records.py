"""Result records: one JSON file per run, from which tables and figures are drawn.

A record is written atomically, contains no absolute path, and is identified by a hash of its settings.
"""

import json
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from charbert.errors import RecordError, SettingsError
from charbert.files import is_plain_name, shorten_path, write_atomically
from charbert.provenance import describe_hardware, file_checksum, git_state, package_versions
from charbert.serialization import json_value, settings_key, shareable

__all__ = [
    "SCHEMA_VERSION",
    "ResultRecord",
    "file_checksum",
    "latest_runs",
    "read_record",
    "read_records",
    "settings_key",
    "shareable",
    "shorten_path",
    "start_record",
    "write_atomically",
    "write_record",
]

Label = TypeVar("Label", bound=Hashable)

SCHEMA_VERSION = 1
"""Incremented when a field changes its meaning; other versions are refused."""


@dataclass
class ResultRecord:
    """The record of one run: settings, results, and everything needed to repeat it."""

    kind: str
    """pretrain, finetune, ..."""
    experiment: str
    """Stem of the experiment, as ``table2_robustness``."""
    name: str
    """Readable name of the run, as ``ner-charbert-s1``."""
    key: str
    """`settings_key` of the settings that identify the result."""
    settings: dict[str, Any]
    seed: int
    metrics: dict[str, float] = field(default_factory=dict)
    """By path: ``eval/ner/f1``, ``attack/ner/charbert/f1``; shares in [0, 1]."""
    details: dict[str, Any] = field(default_factory=dict)
    """Other results: scores per entity type, ``history``, ``generated`` (whether the data is synthetic)."""
    data_checksums: dict[str, str] = field(default_factory=dict)
    """SHA-256 by file name."""
    versions: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    """Whether tracked files differed from the commit; None: not a checkout."""
    hardware: dict[str, Any] = field(default_factory=dict)
    """``cpu``, ``cores``, ``accelerator``; of a training ``precision`` and ``threads`` too."""
    started: str = ""
    """ISO 8601, UTC."""
    finished: str = ""
    wall_seconds: float = 0.0
    """Time of the run; of an interrupted one including the earlier pieces whose work was kept."""
    training_tokens: int = 0
    """Subwords seen in training, padding left out, summed over epochs."""
    wandb_id: str | None = None
    wandb_path: str | None = None
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Start a monotonic clock."""
        self._made = time.monotonic()
        self._earlier = 0.0

    @property
    def folder_name(self) -> str:
        """``NAME-KEY``, the name of the folder that the record is in."""
        return f"{self.name}-{self.key}"

    def resume(self, seconds: float) -> None:
        """Add the seconds of a run before its interruption."""
        self._earlier = seconds

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Add the scores, and set the end time and the duration, that before a resumption included."""
        self.metrics.update(metrics)
        piece = time.monotonic() - self._made
        self.wall_seconds = piece + self._earlier
        now = datetime.now(UTC)
        if self.started:  # the clock may have been set back meanwhile
            now = max(now, datetime.fromisoformat(self.started) + timedelta(seconds=piece))
        self.finished = now.isoformat()


def start_record(
    kind: str,
    experiment: str,
    name: str,
    *,
    settings: Mapping[str, Any],
    seed: int,
    accelerator: str | None = None,
) -> ResultRecord:
    """Return a record with its settings, code version, packages, machine and start time.

    Args:
        kind: pretrain, finetune, ...
        accelerator: name of the device, None for a CPU.
    """
    commit, dirty = git_state()
    return ResultRecord(
        kind=kind,
        experiment=experiment,
        name=name,
        key=settings_key(settings),
        settings=json_value(settings, "settings"),
        seed=seed,
        versions=package_versions(),
        git_commit=commit,
        git_dirty=dirty,
        hardware=dict(describe_hardware(accelerator)),
        started=datetime.now(UTC).isoformat(),
    )


def write_record(path: Path | str, record: ResultRecord) -> None:
    """Write a record as JSON, atomically; absolute paths inside are shortened.

    Raises:
        RecordError: if it cannot be written (a full disk, no permission); an earlier record is intact.
    """
    content = {item.name: shareable(getattr(record, item.name), item.name) for item in fields(record)}
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_record(path: Path | str) -> ResultRecord:
    """Return the record at ``path``.

    Raises:
        RecordError: if it is missing, damaged, or of a schema version that this code does not know.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path}: expected a result record, got {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # damaged JSON or invalid UTF-8
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RecordError(
            f"{path}{line}: expected a result record in JSON, got {error}; delete the file and run again"
        ) from error
    return _checked(path, content)


def _checked(path: Path | str, content: Any) -> ResultRecord:
    if not isinstance(content, dict) or "schema_version" not in content:
        raise RecordError(f"{path}: expected a result record, got JSON without schema_version; is it another file?")
    if content["schema_version"] != SCHEMA_VERSION:
        raise RecordError(
            f"{path}: expected schema_version {SCHEMA_VERSION}, got {content['schema_version']!r}; "
            "read it with the version of charbert that wrote it, or run again"
        )
    known = {item.name for item in fields(ResultRecord)}
    needed = {i.name for i in fields(ResultRecord) if i.default is MISSING and i.default_factory is MISSING}
    if content.keys() - known or needed - content.keys():
        raise RecordError(
            f"{path}: expected the fields of a result record, missing {sorted(needed - content.keys())}, "
            f"unknown {sorted(content.keys() - known)}; run again"
        )
    try:
        content["metrics"] = {name: float(value) for name, value in content.get("metrics", {}).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: expected numbers in metrics, got {error}; run again") from error
    for name in ("kind", "experiment", "name", "key"):
        if not isinstance(content[name], str) or not is_plain_name(content[name] or "-"):
            raise RecordError(
                f"{path}: expected a name without slashes in {name}, which names folders, got "
                f"{str(content[name])[:80]!r}; is it a record of CharBERT?"
            )
    if not all(isinstance(content.get(name, {}), dict) for name in ("settings", "details", "data_checksums")):
        raise RecordError(f"{path}: expected mappings in settings, details and data_checksums; run again")
    return ResultRecord(**content)


def read_records(folder: Path | str, **filters: Any) -> list[ResultRecord]:
    """Return the records under ``folder``, by path; one warning lists those left out, damaged or not to be read.

    A record is every ``record.json`` at any depth, in a folder that is a link too, and every ``*.json`` directly in the
    folder.

    Args:
        folder: where to look.
        **filters: field, or dotted path into one -> the value, or a list, set or tuple of values:
            ``kind="finetune"``, ``seed=[1, 2]``, ``**{"settings.task.name": "ner"}``.

    Raises:
        RecordError: if the folder does not exist or may not be read.
        SettingsError: if a filter names no field of a record.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise RecordError(f"{folder}: expected a folder of records, got none; run an experiment first")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise RecordError(f"{folder}: expected a folder of records, got one that this user may not read")
    known = {item.name for item in fields(ResultRecord)}
    if unknown := sorted(name for name in filters if name.split(".")[0] not in known):
        raise SettingsError(f"records can be chosen by {sorted(known)}, got {unknown}")
    records: list[ResultRecord] = []
    closed: list[OSError] = []
    paths = sorted({*_record_files(folder, closed.append), *folder.glob("*.json")})
    damaged = [f"{error.filename}: expected a folder of records, got {error.strerror}" for error in closed]
    for path in paths:
        try:
            records.append(read_record(path))
        except RecordError as error:
            damaged.append(str(error))
    if damaged:
        warnings.warn(f"{len(damaged)} records left out:\n" + "\n".join(damaged), stacklevel=2)
    return [record for record in records if all(_matches(record, *item) for item in filters.items())]


def _record_files(folder: Path, report: Callable[[OSError], object]) -> Iterator[Path]:
    """Yield every ``record.json`` below a folder; folders that may not be read, which rglob leaves out, are reported.

    A folder that is a link is not searched, since it may lead back, but its own record counts.
    """
    for parent, folders, names in os.walk(folder, onerror=report):
        if "record.json" in names:
            yield Path(parent, "record.json")
        links = (Path(parent, name) for name in folders if os.path.islink(os.path.join(parent, name)))
        yield from (link / "record.json" for link in links if os.path.lexists(link / "record.json"))


def latest_runs(
    records: Sequence[ResultRecord], label: Callable[[ResultRecord], Label]
) -> dict[Label, list[ResultRecord]]:
    """Return the records of each row by seed; of two with one seed the later one counts."""
    runs: dict[Label, dict[int, ResultRecord]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: record.finished):
        runs[label(record)][record.seed] = record
    return {row: [by_seed[seed] for seed in sorted(by_seed)] for row, by_seed in runs.items()}


def _matches(record: ResultRecord, path: str, wanted: Any) -> bool:
    first, *rest = path.split(".")
    value = getattr(record, first)
    for part in rest:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    choices = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    return any(value == choice for choice in choices)
