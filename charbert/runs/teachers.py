"""Which model teaches: a folder, or a finished cell found by its settings; no torch, since keys are made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charbert.config.renamed import with_new_names
from charbert.config.schema import Settings
from charbert.errors import CheckpointError, SettingsError
from charbert.records import ResultRecord, read_records
from charbert.runs.released_files import checksum_once

_WEIGHTS = "model.safetensors"


def teacher_folder(settings: Settings) -> Path:
    """Return the folder of the teacher's weights.

    Raises:
        SettingsError: if no teacher is named, or no finished cell, or more than one, has the settings asked for.
        CheckpointError: if the folder holds no weights.
    """
    if settings.distillation.run:
        record = _teacher_record(settings)
        folder = Path(settings.paths.outputs) / record.kind / f"{record.name}-{record.key}" / "model"
        hint = "run the teacher's cell again, its weights are gone"
    elif not settings.distillation.teacher:
        raise SettingsError(
            "distillation needs a teacher: give distillation.teacher=FOLDER of a fine-tuned model, or "
            "distillation.run=[SETTING:VALUE,...] of a finished run, as [model:charbert,seed:1]"
        )
    else:
        folder = Path(settings.distillation.teacher)
        hint = "distillation.teacher is the folder that a run leaves as outputs/RECIPE/finetune/CELL/model"
    if not (folder / _WEIGHTS).is_file():
        raise CheckpointError(f"{folder}: expected the teacher's {_WEIGHTS}, got no such file; {hint}")
    return folder


def teacher_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the teacher: the key of its cell, or the checksum of its weights, never a path."""
    if settings.distillation.run:
        return {"teacher": _teacher_record(settings).key}
    return {"teacher": checksum_once(teacher_folder(settings) / _WEIGHTS)}


def _teacher_record(settings: Settings) -> ResultRecord:
    """Return the one finished cell of the task that has the settings of ``distillation.run``."""
    wanted = settings.distillation.run_settings
    folder = Path(settings.paths.results) / "records"
    same_task = {"settings.task.name": settings.task.name, "settings.data.name": settings.data.name}
    records = read_records(folder, kind="finetune", **same_task) if folder.is_dir() else []
    matching = [
        record for record in records if all(_has(with_new_names(record.settings), *item) for item in wanted.items())
    ]
    if len(matching) == 1:
        return matching[0]
    asked = ",".join(settings.distillation.run)
    listed = ", ".join(f"{record.name}-{record.key}" for record in matching or records) or "none at all"
    if matching:
        raise SettingsError(
            f"distillation.run=[{asked}] fits {len(matching)} finished cells: {listed}; "
            "add a setting in which they differ, or give distillation.teacher=FOLDER"
        )
    raise SettingsError(
        f"distillation.run=[{asked}]: expected a finished cell of task={settings.task.name} in {folder}, got "
        f"{listed}; run the teacher first"
    )


def _has(settings: Mapping[str, Any], name: str, wanted: str) -> bool:
    """Return whether recorded settings have the value; a group (model: charbert) is compared by its name."""
    value: Any = settings
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    if isinstance(value, Mapping):
        return "name" in value and _letters(str(value["name"])) == _letters(wanted)
    try:
        return float(value) == float(wanted)
    except (TypeError, ValueError):
        return str(value).lower() == wanted.lower()


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
