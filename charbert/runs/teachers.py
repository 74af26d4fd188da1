"""Which model is the teacher: a folder, or a finished run that is found by its settings; imports no torch."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charbert.config.renamed import with_new_names
from charbert.config.schema import Settings
from charbert.errors import CheckpointError, SettingsError
from charbert.records import ResultRecord, file_checksum
from charbert.runs.folders import MODEL, finished_records, records_folder, run_folder

_WEIGHTS = ("model.safetensors", "adapters/adapter_model.safetensors")
"""Of a whole model, or of LoRA adapters, which name their base model."""


def teacher_folder(settings: Settings) -> Path:
    """Return the folder of the teacher's weights.

    Raises:
        SettingsError: if no teacher is named, or no finished run, or more than one, has the settings asked for.
        CheckpointError: if the folder holds no weights.
    """
    if settings.distillation.run:
        record = _teacher_record(settings)
        folder = run_folder(settings, record.kind, record.folder_name) / MODEL
        hint = "its weights were deleted; run the teacher again"
    elif not settings.distillation.teacher:
        raise SettingsError(
            "distillation needs a teacher: give distillation.teacher=FOLDER of a fine-tuned model, or "
            "distillation.run=[SETTING:VALUE,...] of a finished run, as [model:charbert,seed:1]"
        )
    else:
        folder = Path(settings.distillation.teacher)
        hint = "distillation.teacher is a folder of a run's weights, outputs/RECIPE/finetune/NAME-KEY/model"
    if not _weights(folder):
        raise CheckpointError(f"{folder}: expected the teacher's {' or '.join(_WEIGHTS)}, got no such file; {hint}")
    return folder


def teacher_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the teacher: the key of its run, or the checksum of its weights, never a path."""
    if settings.distillation.run:
        return {"teacher": _teacher_record(settings).key}
    return {"teacher": file_checksum(_weights(teacher_folder(settings))[0])}


def _weights(folder: Path) -> list[Path]:
    return [folder / name for name in _WEIGHTS if (folder / name).is_file()]


def _teacher_record(settings: Settings) -> ResultRecord:
    """Return the one finished run of the task that has the settings of ``distillation.run``."""
    wanted = settings.distillation.run_settings
    same_task = {"settings.task.name": settings.task.name, "settings.data.name": settings.data.name}
    records = finished_records(settings, kind="finetune", **same_task)
    matching = [
        record for record in records if all(_has(with_new_names(record.settings), *item) for item in wanted.items())
    ]
    if len(matching) == 1:
        return matching[0]
    asked = ",".join(settings.distillation.run)
    listed = ", ".join(record.folder_name for record in matching or records) or "none"
    if matching:
        raise SettingsError(
            f"distillation.run=[{asked}] fits {len(matching)} finished runs: {listed}; "
            "add a setting in which they differ, or give distillation.teacher=FOLDER"
        )
    raise SettingsError(
        f"distillation.run=[{asked}]: expected a finished run of task={settings.task.name} in "
        f"{records_folder(settings)}, got {listed}; run the teacher first"
    )


def _has(settings: Mapping[str, Any], name: str, wanted: str) -> bool:
    """Return whether a record's settings have the value; a group (model: charbert) is compared by its name."""
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
