"""Finished runs scored again from their stored logits: calibration, reliability plots and a table for each task."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.evaluation.calibration import RECORD_KEY, SCALED, SUFFIX, TEMPERATURE
from charbert.evaluation.metric_paths import ATTACKED, CLEAN, DEV
from charbert.metrics.calibration import ReliabilityBin
from charbert.pipelines.evaluate.calibration import calibrate_eval_sets, stored_scores
from charbert.pipelines.tables.drawing import TableSpec, draw, of_each_task
from charbert.records import ResultRecord, write_record
from charbert.reporting.figures.reliability import reliability_plot
from charbert.reporting.render.layout import Table
from charbert.reporting.render.row_names import short_label
from charbert.reporting.tables.calibration import calibration_table
from charbert.reporting.tables.paper import table_attack
from charbert.reporting.tables.scores import row_label
from charbert.runs.comparability import comparable_records
from charbert.runs.folders import predictions_folder, record_path, records_folder
from charbert.serialization import read_json
from charbert.tasks.catalog import build_task

log = logging.getLogger(__name__)

FIGURE = "reliability"
"""Stem of the reliability plot beside the predictions."""


def task_records(settings: Settings) -> list[ResultRecord]:
    """Return the finished runs of the task that are compared in one table."""
    on_task: dict[str, Any] = {"settings.task.name": settings.task.name}
    return comparable_records(settings, **on_task)


def _calibrated_records(settings: Settings) -> list[ResultRecord]:
    return [record for record in task_records(settings) if record.details.get(RECORD_KEY)]


def _build(settings: Settings, records: Sequence[ResultRecord]) -> Table:
    task = settings.task.name
    return calibration_table(records, task, table_attack(task, records, settings.attack.name))


TABLE = TableSpec(
    lambda settings: f"calibration_{settings.task.name}", _calibrated_records, _build, variants=of_each_task
)


def run(settings: Settings) -> list[ResultRecord]:
    """Score all finished runs of the task again, with the settings' bins and temperature, and draw table and plots.

    A run whose stored logits were deleted, or that is older than they are, keeps the scores of its record.

    Raises:
        RecordError: if no run of the task is finished.
    """
    records = task_records(settings)
    if not records:
        raise RecordError(
            f"{records_folder(settings)}: expected finished runs of task={settings.task.name}, got none with "
            "these data, attack and trunk; run an experiment first"
        )
    for record in records:
        _calibrate_again(settings, record)
        draw_reliability(settings, record)
    draw(settings, TABLE)
    return records


def _calibrate_again(settings: Settings, record: ResultRecord) -> None:
    """Replace the calibration scores of a record by those under the settings, and write it where they differ."""
    task = build_task(settings.task)
    folder = predictions_folder(settings, record)
    scores = stored_scores(folder, _eval_sets(record, task.name))
    if not scores:
        log.info("%s: no stored logits in %s, so its record stays as it is", record.name, folder)
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
    record.metrics = metrics | kept  # of two scores of one name the task's own counts
    record.details[RECORD_KEY] = details
    if record.metrics != before:
        write_record(record_path(settings, record.folder_name), record)
        log.info("%s: calibration scores updated", record.name)


def _is_calibration(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last == TEMPERATURE or last.removeprefix(SCALED) in ("ece", "brier", "nll", "confidence")


def _eval_sets(record: ResultRecord, task: str) -> list[str]:
    if not any(name.startswith(f"{CLEAN}/{task}/") for name in record.metrics):
        return []
    attacks = [name.split("/")[2] for name in record.metrics if name.startswith(f"{ATTACKED}/{task}/")]
    return ["clean", *dict.fromkeys(attacks)]


def draw_reliability(settings: Settings, record: ResultRecord) -> list[Path]:
    """Draw how often a finished run is right, by its confidence, beside its predictions.

    Returns:
        The paths of ``reliability.png`` and ``reliability.svg``; none where the run has no calibration report
        (``NAME.judging.json``).
    """
    folder, task, details = predictions_folder(settings, record), settings.task.name, record.details.get(RECORD_KEY)
    paths = {name: folder / f"{name}{SUFFIX}" for name in _eval_sets(record, task)}
    reports = {
        name: read_json(path, "a calibration report", "run the model again")
        for name, path in paths.items()
        if path.is_file()
    }
    bins, scaled = (
        {name: [ReliabilityBin(**values) for values in report[which]] for name, report in reports.items()}
        for which in ("bins", "scaled_bins")
    )
    if not details or not any(reliability_bin.count for set_bins in bins.values() for reliability_bin in set_bins):
        return []
    notes = {
        name: _note(report["metrics"].get("ece"), report["metrics"].get("scaled_ece"), report["decisions"])
        for name, report in reports.items()
    }
    caption = (
        f"{short_label(row_label(record))} on {task}, seed {record.seed}. ECE in percent over {details['bins']} bins; "
        "the darker a bar, the more decisions it holds."
    )
    if details["temperature"] is not None:
        caption += f" Hollow: at temperature {details['temperature']:.2f}, fitted on the dev set."
    return reliability_plot(bins, folder, FIGURE, scaled=scaled, notes=notes, caption=caption)


def _note(ece: float | None, scaled: float | None, decisions: int) -> str:
    shown = {"ECE": ece, "scaled": scaled}
    texts = [f"{name} {100 * value:.1f}" for name, value in shown.items() if value is not None]
    return f"{', '.join(texts)} ({decisions} decisions)"
