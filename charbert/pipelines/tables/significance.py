"""Significance of the difference between two rows of a table: paired tests on the scores of each example."""

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charbert.errors import RecordError
from charbert.evaluation.metric_paths import GROUPS, version_of
from charbert.metrics import significance as tests
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column
from charbert.reporting.tables.scores import baseline_of, repetition, runs_of, setting
from charbert.runs.folders import UNITS
from charbert.seeding import numpy_generator

log = logging.getLogger(__name__)

_STATISTICS = {2: tests.mean_of_counts, 3: tests.f1_of_counts, 4: tests.matthews_of_counts}
"""By the number of counts of an example; more are those of several labels."""

PValues = dict[tuple[str, str], float]
"""(row, ``Column.heading``) -> p."""
Counts = list[np.ndarray]
"""Counts of the examples, (N, K), of each seed that two rows share."""


def row_p_values(
    records: Sequence[ResultRecord],
    columns: Sequence[Column],
    folder: Path,
    *,
    second_baseline: str = "",
    seed: int = 0,
    rounds: int = 10_000,
) -> PValues:
    """Return the p value of the difference of each cell from that of another row.

    Examples are paired: the scores of two models on the same one. Over several seeds that both were run with, the
    counts of an example are summed, since its outcomes are not independent; folds have examples of their own. Counts
    of examples in one article or document are summed too. Right answers of one seed to examples that are groups of
    their own are compared by McNemar's exact test, everything else (F1 of entities and of answers, Matthews
    correlation, sums over seeds and articles) by approximate randomization.

    A cell has no p value where its records have no counts for the column, see ``Task.tested_metrics``.

    Args:
        second_baseline: the row to compare with; the plain trunk of each row's family if empty.
        seed: of the randomization; the same records always give the same p values.

    Raises:
        RecordError: if a file of counts is damaged.
    """
    runs = runs_of(records, [column.metric for column in columns])
    p_values: PValues = {}
    for (label, metric), members in runs.items():
        baseline = second_baseline or baseline_of(label)
        if label in (baseline, baseline_of(label)) or (baseline, metric) not in runs:
            continue
        pairs = _paired(runs[baseline, metric], members, metric, folder)
        for column in columns:
            if pairs and column.metric == metric:
                rng = numpy_generator(
                    seed, "significance", label, metric, *([second_baseline] if second_baseline else [])
                )
                p_values[label, column.heading] = _p_value(pairs, rng, rounds)
    return p_values


def _paired(
    first: Sequence[ResultRecord], second: Sequence[ResultRecord], metric: str, folder: Path
) -> dict[int, tuple[Counts, Counts]]:
    """Return by fold the counts of both rows in each group of examples, for the seeds that they share."""
    pairs: dict[int, tuple[Counts, Counts]] = defaultdict(lambda: ([], []))
    others = {repetition(record): record for record in second}
    for record in first:
        seed_and_fold = repetition(record)
        other = others.get(seed_and_fold)
        own_units, other_units = (_units(run, metric, folder) if run is not None else None for run in (record, other))
        if own_units is None or other_units is None:
            continue
        if own_units.shape != other_units.shape:
            log.warning(
                "%s: no test, the test sets have %d and %d examples", record.name, len(own_units), len(other_units)
            )
            continue
        groups = _groups(record, metric, folder, len(own_units)) or _groups(other, metric, folder, len(own_units))
        for side, units in zip(pairs[seed_and_fold[1]], (own_units, other_units), strict=True):
            side.append(tests.sum_groups(units, groups) if groups else units)
    return {fold: sides for fold, sides in pairs.items() if sides[0]}


def _p_value(pairs: dict[int, tuple[Counts, Counts]], rng: np.random.Generator, rounds: int) -> float:
    seeds = max(len(units) for units, _ in pairs.values())
    own_units, other_units = (np.concatenate([np.sum(sides[at], axis=0) for sides in pairs.values()]) for at in (0, 1))
    if seeds == 1 and _is_right_or_wrong(own_units) and _is_right_or_wrong(other_units):
        return tests.mcnemar(own_units[:, 0], other_units[:, 0]).p_value
    statistic = _STATISTICS.get(own_units.shape[1], tests.macro_f1_of_counts)
    return tests.approximate_randomization(own_units, other_units, rng, statistic=statistic, rounds=rounds).p_value


def _is_right_or_wrong(units: np.ndarray) -> bool:
    return units.shape[1] == 2 and bool((units[:, 1] == 1).all()) and bool(np.isin(units[:, 0], (0, 1)).all())


def _groups(record: ResultRecord | None, metric: str, folder: Path, examples: int) -> list[int] | None:
    """Return the number of each example's article or document, None if the record is older than that."""
    if record is None:
        return None
    eval_set = version_of(metric)
    original = (record.details.get("clean_of") or {}).get(eval_set, "clean")
    groups = _stored(folder / record.folder_name / UNITS).get(f"{original}/{GROUPS}")
    return groups if groups is not None and len(groups) == examples else None


def _units(record: ResultRecord, metric: str, folder: Path) -> np.ndarray | None:
    """Return the counts of each example in the column's metric, None if the record has none for it."""
    path = folder / record.folder_name / UNITS
    eval_set, name = version_of(metric), metric.rpartition("/")[2]
    stored = _stored(path).get(eval_set if name == setting(record, "task.metric") else f"{eval_set}/{name}")
    try:
        units = None if stored is None else np.array(stored, dtype=np.float64)
    except ValueError as error:
        raise _damaged(path, error) from error
    if units is not None and (units.ndim != 2 or (units.shape[1] not in _STATISTICS and units.shape[1] % 3)):
        raise RecordError(
            f"{path}: expected 2, 3 or 4 counts for each example, or 3 for each label, got {units.shape}; "
            "run the model again"
        )
    return units


def _stored(path: Path) -> dict[str, Any]:
    """Return what stands in a file of counts, nothing if there is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> RecordError:
    return RecordError(f"{path}: expected counts of each example in JSON, got {error}; run the model again")
