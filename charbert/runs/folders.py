"""Where records and models are stored: ``results/records/NAME-KEY/record.json`` and ``outputs/KIND/NAME-KEY``."""

from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.records import ResultRecord, read_records

MODEL = "model"
"""Folder of the trained model below a run's own."""
PREDICTIONS = "predictions"
"""Folder of the predictions below a run's own."""


def records_folder(settings: Settings) -> Path:
    """Return the folder of all records."""
    return Path(settings.paths.results) / "records"


def record_path(settings: Settings, folder_name: str) -> Path:
    """Return the path of the record of the run ``NAME-KEY``."""
    return records_folder(settings) / folder_name / "record.json"


def run_folder(settings: Settings, kind: str, folder_name: str) -> Path:
    """Return the folder of the weights, checkpoints and predictions of the run ``NAME-KEY``."""
    return Path(settings.paths.outputs) / kind / folder_name


def predictions_folder(settings: Settings, record: ResultRecord) -> Path:
    """Return the folder of the predictions of a finished run."""
    return run_folder(settings, record.kind, record.folder_name) / PREDICTIONS


def finished_records(settings: Settings, **filters: Any) -> list[ResultRecord]:
    """Return the records of finished runs by `charbert.records.read_records`, none where nothing was run."""
    folder = records_folder(settings)
    return read_records(folder, **filters) if folder.is_dir() else []
