"""From the scores behind a cell's predictions to what judging adds to its record, its files and W&B."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charbert.config.calibration import CalibrationSettings
from charbert.evaluation.calibration import (
    SUFFIX,
    CalibrationReport,
    calibration_report,
    calibration_text,
    temperature_of,
)
from charbert.evaluation.logits import SUFFIX as SCORES
from charbert.evaluation.logits import StoredLogits, read_scores, write_scores
from charbert.evaluation.metric_paths import metric_path
from charbert.files import write_atomically
from charbert.reporting.figures.reliability import reliability_plot

DEV = "dev"
"""Name of the file with the scores on the dev set."""
FIGURE = "reliability"
"""Stem of the reliability plot beside the predictions."""


def keep_scores(folder: Path, scores: Mapping[str, StoredLogits | None]) -> None:
    """Write the scores on each version of the test set, and on the dev set, beside the predictions."""
    for name, set_scores in scores.items():
        if set_scores is not None:
            write_scores(folder / f"{name}{SCORES}", set_scores)


def stored_scores(folder: Path, eval_sets: list[str]) -> dict[str, StoredLogits]:
    """Return the scores that a cell has stored of these versions; none of one that is older than they are."""
    stored = {name: read_scores(folder / f"{name}{SCORES}") for name in eval_sets}
    return {name: set_scores for name, set_scores in stored.items() if set_scores is not None}


def calibrate_eval_sets(
    settings: CalibrationSettings,
    folder: Path,
    scores: Mapping[str, StoredLogits],
    dev: StoredLogits | None,
    *,
    task_name: str,
    decision_path: str,
    title: str,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the metrics of the decisions on every version of the test set, and details of how they were judged.

    Written beside the predictions are ``NAME.judging.json``, with the areas of each label and the bins of confidence,
    and ``reliability.png`` and ``.svg``.

    Args:
        settings: bins, and whether a temperature is fitted.
        folder: where the predictions are.
        scores: version -> scores.
        dev: scores on the dev set; without them no temperature is fitted.
        task_name: the paths of the metrics begin with it.
        decision_path: see `Task.decision_path`.
        title: of the figure.
    """
    temperature = temperature_of(dev) if settings.temperature else None
    judged = {
        name: calibration_report(set_scores, bins=settings.bins, temperature=temperature)
        for name, set_scores in scores.items()
    }
    judged = {name: result for name, result in judged.items() if result.decisions}
    if not judged:
        return {}, {}
    for name, result in judged.items():
        write_atomically(folder / f"{name}{SUFFIX}", calibration_text(result))
    reliability_plot(
        {name: result.bins for name, result in judged.items()},
        folder,
        FIGURE,
        scaled={name: result.scaled_bins for name, result in judged.items()},
        notes={name: _note(result) for name, result in judged.items()},
        caption=_caption(title, settings.bins, temperature),
    )
    metrics = {
        f"{metric_path(task_name, name)}/{decision_path}{key}": value
        for name, result in judged.items()
        for key, value in result.metrics.items()
    }
    details = {
        "bins": settings.bins,
        "temperature": temperature,
        "decisions": {name: result.decisions for name, result in judged.items()},
        "areas": {name: result.areas for name, result in judged.items()},
    }
    return metrics, details


def _note(report: CalibrationReport) -> str:
    shown = {"ECE": "ece", "scaled": "scaled_ece"}
    texts = [f"{name} {100 * report.metrics[key]:.1f}" for name, key in shown.items() if key in report.metrics]
    return f"{', '.join(texts)} ({report.decisions} decisions)"


def _caption(title: str, bins: int, temperature: float | None) -> str:
    scaled = "" if temperature is None else f" Hollow: at temperature {temperature:.2f}, fitted on the dev set."
    return f"{title}. ECE in percent over {bins} bins; bars are the darker the more decisions they hold.{scaled}"
