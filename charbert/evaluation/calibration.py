"""Scores from logits: averages over classes, areas under curves, and whether the probabilities are calibrated."""

import json
from dataclasses import asdict, dataclass, field

from charbert.evaluation.logits import StoredLogits
from charbert.metrics.calibration import (
    ReliabilityBin,
    calibration_scores,
    fit_temperature,
    probabilities_of,
    reliability_bins,
)
from charbert.metrics.classification import accuracy, averaged_scores, matthews, positive_scores
from charbert.metrics.ranking import label_areas, ranking_scores

SUFFIX = ".judging.json"
"""Of the file beside ``NAME.jsonl``; older runs have it under this name."""
RECORD_KEY = "judging"
"""Of the details of calibration in a record; committed records have them under this name."""
TEMPERATURE = "temperature"
"""Name of the temperature among the metrics; it is not in [0, 1]."""
SCALED = "scaled_"
"""Prefix of the scores at the temperature that was fitted on the dev set."""


@dataclass(frozen=True)
class CalibrationReport:
    """Scores of a model's decisions on one eval set."""

    decisions: int
    metrics: dict[str, float] = field(default_factory=dict)
    """By name, as ``macro_f1``, ``roc_auc``, ``ece``; shares in [0, 1] but for matthews, nll and temperature."""
    areas: dict[str, dict[str, float]] = field(default_factory=dict)
    """``roc_auc`` and ``pr_auc`` of each label against the rest."""
    bins: list[ReliabilityBin] = field(default_factory=list)
    scaled_bins: list[ReliabilityBin] = field(default_factory=list)
    """At the fitted temperature; empty without one."""


def calibration_report(scores: StoredLogits, *, bins: int, temperature: float | None = None) -> CalibrationReport:
    """Return the scores of decisions, without metrics where there are no decisions.

    The chosen label is the one with the highest logit. Decisions without logits are left out.

    Args:
        bins: number of bins of the calibration error and the reliability plot.
        temperature: fitted on the dev set; its calibration is reported beside the model's.
    """
    seen = scores.seen
    gold, logits = seen.gold, seen.logits
    if not len(gold):
        return CalibrationReport(0)
    predicted, probabilities = logits.argmax(axis=1), probabilities_of(logits)
    metrics = {"accuracy": accuracy(gold, predicted), "matthews": matthews(gold, predicted)}
    if len(scores.labels) == 2:
        metrics |= positive_scores(gold, predicted)
    metrics |= averaged_scores(gold, predicted)
    metrics |= ranking_scores(gold, probabilities)
    metrics |= calibration_scores(gold, logits, bins=bins)
    scaled_bins = []
    if temperature is not None:
        scaled = calibration_scores(gold, logits, bins=bins, temperature=temperature)
        metrics |= {f"{SCALED}{name}": value for name, value in scaled.items()} | {TEMPERATURE: temperature}
        scaled_bins = reliability_bins(gold, probabilities_of(logits, temperature), bins)
    areas = {
        scores.labels[label]: {"roc_auc": roc, "pr_auc": precision_recall}
        for label, (roc, precision_recall) in label_areas(gold, probabilities).items()
    }
    return CalibrationReport(len(gold), metrics, areas, reliability_bins(gold, probabilities, bins), scaled_bins)


def temperature_of(dev: StoredLogits | None) -> float | None:
    """Return the temperature fitted on the dev set, None without one."""
    if dev is None or not len(dev.seen.gold):
        return None
    return fit_temperature(dev.seen.gold, dev.seen.logits)


def calibration_text(report: CalibrationReport) -> str:
    """Return a report as JSON."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n"
