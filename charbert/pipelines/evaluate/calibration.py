"""Stored logits of a run to calibration metrics and reports; no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charbert.config.calibration import CalibrationSettings
from charbert.evaluation.calibration import SUFFIX, calibration_report, calibration_text, temperature_of
from charbert.evaluation.logits import SUFFIX as LOGITS
from charbert.evaluation.logits import StoredLogits, read_scores
from charbert.evaluation.metric_paths import metric_path
from charbert.files import write_atomically


def stored_scores(folder: Path, names: list[str]) -> dict[str, StoredLogits]:
    """Return the logits that a run stored on sets; none for a set without a file."""
    stored = {name: read_scores(folder / f"{name}{LOGITS}") for name in names}
    return {name: of_set for name, of_set in stored.items() if of_set is not None}


def calibrate_eval_sets(
    settings: CalibrationSettings,
    folder: Path,
    logits: Mapping[str, StoredLogits],
    dev: StoredLogits | None,
    *,
    task_name: str,
    decision_path: str,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the calibration metrics of each eval set, and details for the record; both empty without decisions.

    ``NAME.judging.json``, with the areas of each label and the bins of confidence, is written for each set.

    Args:
        settings: bins, and whether a temperature is fitted.
        dev: logits on the dev set; None: no temperature is fitted.
        decision_path: see `Task.decision_path`.
    """
    temperature = temperature_of(dev) if settings.temperature else None
    reports = {
        name: calibration_report(of_set, bins=settings.bins, temperature=temperature) for name, of_set in logits.items()
    }
    reports = {name: report for name, report in reports.items() if report.decisions}
    if not reports:
        return {}, {}
    for name, report in reports.items():
        write_atomically(folder / f"{name}{SUFFIX}", calibration_text(report))
    metrics = {
        f"{metric_path(task_name, name)}/{decision_path}{key}": value
        for name, report in reports.items()
        for key, value in report.metrics.items()
    }
    details = {
        "bins": settings.bins,
        "temperature": temperature,
        "decisions": {name: report.decisions for name, report in reports.items()},
        "areas": {name: report.areas for name, report in reports.items()},
    }
    return metrics, details
