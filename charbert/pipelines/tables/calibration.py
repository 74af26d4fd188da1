"""Finished cells judged anew from the scores that they have stored, and a table of them for each task; no torch."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.evaluation.calibration import SCALED, TEMPERATURE
from charbert.evaluation.metric_paths import ATTACKED, CLEAN
from charbert.pipelines.evaluate.calibration import DEV, calibrate_eval_sets, stored_scores
from charbert.records import ResultRecord, write_record
from charbert.reporting.render.layout import render_markdown, write_table
from charbert.reporting.tables.calibration import calibration_table
from charbert.runs.comparability import comparable_records
from charbert.tasks.catalog import build_task

log = logging.getLogger(__name__)


def run(settings: Settings) -> list[ResultRecord]:
    """Judge all finished cells of the task with the settings' own bins and temperature, and draw their table.

    A cell whose scores are not there any more, or that is older than they are, keeps what its record has.

    Raises:
        RecordError: if no cell of the task is finished.
    """
    records = task_records(settings)
    if not records:
        raise RecordError(
            f"{settings.paths.results}/records: expected finished cells of task={settings.task.name}, got none with "
            "these data, attack and trunk; run an experiment first"
        )
    for record in records:
        _judge(settings, record)
    draw(settings)
    return records


def task_records(settings: Settings) -> list[ResultRecord]:
    """Return the finished cells of the task that may stand in one table."""
    if not (Path(settings.paths.results) / "records").is_dir():
        return []
    filters: dict[str, Any] = {"settings.task.name": settings.task.name}
    return comparable_records(settings, **filters)


def draw(settings: Settings) -> None:
    """Write the table of the task's judged cells, where there are any."""
    task = settings.task.name
    records = [record for record in task_records(settings) if record.details.get("judging")]
    if records:
        table = calibration_table(records, task, settings.attack.name)
        folder = Path(settings.paths.results) / "tables"
        write_table(table, folder, f"calibration_{task}")
        log.info("written to %s\n\n%s", folder / f"calibration_{task}.md", render_markdown(table))


def draw_all(settings: Settings) -> None:
    """Write the table of every task that has judged cells."""
    for name in settings.data.sets:
        draw(replace(settings, task=replace(settings.task, name=name)))


def predictions_folder(settings: Settings, record: ResultRecord) -> Path:
    """Return the folder of a finished cell's predictions."""
    return Path(settings.paths.outputs) / record.kind / f"{record.name}-{record.key}" / "predictions"


def _judge(settings: Settings, record: ResultRecord) -> None:
    """Add to a record what its scores say under the settings, and write it when that is not what it has."""
    task = build_task(settings.task)
    folder = predictions_folder(settings, record)
    scores = stored_scores(folder, _eval_sets(record, task.name))
    if not scores:
        log.info("%s: no stored scores in %s, so it is judged as its record has it", record.name, folder)
        return
    metrics, details = calibrate_eval_sets(
        settings.calibration,
        folder,
        scores,
        stored_scores(folder, [DEV]).get(DEV),
        task_name=task.name,
        decision_path=task.decision_path,
    )
    before = dict(record.metrics)
    kept = {name: value for name, value in before.items() if not _is_calibration(name)}
    record.metrics = metrics | kept  # the task's own score of a name counts more
    record.details["judging"] = details
    if record.metrics != before:
        write_record(Path(settings.paths.results) / "records" / f"{record.name}-{record.key}" / "record.json", record)
        log.info("%s: judged anew", record.name)


def _is_calibration(name: str) -> bool:
    """Return whether a metric depends on the settings of judging."""
    last = name.rpartition("/")[2]
    return last == TEMPERATURE or last.removeprefix(SCALED) in ("ece", "brier", "nll", "confidence")


def _eval_sets(record: ResultRecord, task: str) -> list[str]:
    """Return the versions of the test set that a record has scores on."""
    attacks = [name.split("/")[2] for name in record.metrics if name.startswith(f"{ATTACKED}/{task}/")]
    return (
        ["clean", *dict.fromkeys(attacks)]
        if any(name.startswith(f"{CLEAN}/{task}/") for name in record.metrics)
        else []
    )
