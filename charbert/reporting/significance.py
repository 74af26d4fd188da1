"""Significance of the difference between two rows of a table: paired tests on the scores of each example."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from charbert.errors import RecordError
from charbert.evaluation.metric_paths import GROUPS, UNITS, name_of, version_of
from charbert.metrics import significance as tests
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column
from charbert.reporting.tables.scores import baseline_of, repetition, runs_of, setting
from charbert.seeding import numpy_generator

log = logging.getLogger(__name__)

_STATISTICS = {2: tests.mean_of_counts, 3: tests.f1_of_counts, 4: tests.matthews_of_counts}
"""By the number of counts of an example; more are those of several labels."""

PValues = dict[tuple[str, str], float]
"""(row, ``Column.heading``) -> p."""
Place = Callable[[ResultRecord], Path]
"""Gives the folder of a record, with the counts of its examples beside it."""
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
        pairs = _paired(runs[baseline, metric], members, metric, lambda record: folder / record.folder_name)
        for column in columns:
            if pairs and column.metric == metric:
                rng = numpy_generator(
                    seed, "significance", label, metric, *([second_baseline] if second_baseline else [])
                )
                p_values[label, column.heading] = _p_value(pairs, rng, rounds)
    return p_values


@dataclass(frozen=True)
class RunComparison:
    """The scores of two models on the same test examples, over the seeds that both were run with, all in [-1, 1]."""

    metric: str
    first: float
    """Mean over the seeds, of the first model."""
    second: float
    interval: tuple[float, float]
    """Of ``second`` minus ``first``, 95 %, by the paired bootstrap over examples or groups."""
    p_value: float
    """As of `row_p_values`."""
    groups: int
    """Examples, or documents or articles, that are drawn and swapped as a whole."""


def compare_runs(
    first: Sequence[ResultRecord],
    second: Sequence[ResultRecord],
    metric: str,
    place: Place,
    *,
    seed: int = 0,
    rounds: int = 10_000,
) -> RunComparison | None:
    """Return how two models, a record for each seed (and fold), compare in a metric; None without counts of examples.

    Args:
        metric: path of a score, as ``attack/ner/released/f1``.
        place: gives the folder of a record.
        seed: of randomization and bootstrap.

    Raises:
        RecordError: if a file of counts is damaged.
    """
    pairs = _paired(first, second, metric, place)
    if not pairs:
        return None
    own_units, other_units = _pooled(pairs)
    interval = tests.paired_interval(
        own_units,
        other_units,
        numpy_generator(seed, "interval", metric),
        statistic=_statistic(own_units),
        rounds=rounds,
    )
    p_value = _p_value(pairs, numpy_generator(seed, "comparison", metric), rounds)
    shared = set(map(repetition, first)) & set(map(repetition, second))
    means = [np.mean([run.metrics[metric] for run in side if repetition(run) in shared]) for side in (first, second)]
    return RunComparison(metric, float(means[0]), float(means[1]), interval, p_value, len(own_units))


def _paired(
    first: Sequence[ResultRecord], second: Sequence[ResultRecord], metric: str, place: Place
) -> dict[int, tuple[Counts, Counts]]:
    """Return by fold the counts of both rows in each group of examples, for the seeds that they share."""
    pairs: dict[int, tuple[Counts, Counts]] = defaultdict(lambda: ([], []))
    others = {repetition(record): record for record in second}
    for record in first:
        seed_and_fold = repetition(record)
        other = others.get(seed_and_fold)
        own_units, other_units = (_units(run, metric, place) if run is not None else None for run in (record, other))
        if own_units is None or other_units is None:
            continue
        if own_units.shape != other_units.shape:
            log.warning(
                "%s: no test, the test sets have %d and %d examples", record.name, len(own_units), len(other_units)
            )
            continue
        groups = _groups((*first, *second), seed_and_fold[1], metric, place, len(own_units))
        for side, units in zip(pairs[seed_and_fold[1]], (own_units, other_units), strict=True):
            side.append(tests.sum_groups(units, groups) if groups else units)
    return {fold: sides for fold, sides in pairs.items() if sides[0]}


def _p_value(pairs: dict[int, tuple[Counts, Counts]], rng: np.random.Generator, rounds: int) -> float:
    seeds = max(len(units) for units, _ in pairs.values())
    own_units, other_units = _pooled(pairs)
    if seeds == 1 and _is_right_or_wrong(own_units) and _is_right_or_wrong(other_units):
        return tests.mcnemar(own_units[:, 0], other_units[:, 0]).p_value
    statistic = _statistic(own_units)
    return tests.approximate_randomization(own_units, other_units, rng, statistic=statistic, rounds=rounds).p_value


def _pooled(pairs: dict[int, tuple[Counts, Counts]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts of both rows, summed over seeds, the groups of all folds one after the other."""
    first, second = (np.concatenate([np.sum(sides[at], axis=0) for sides in pairs.values()]) for at in (0, 1))
    return first, second


def _statistic(units: np.ndarray) -> tests.Statistic:
    return _STATISTICS.get(units.shape[1], tests.macro_f1_of_counts)


def _is_right_or_wrong(units: np.ndarray) -> bool:
    return units.shape[1] == 2 and bool((units[:, 1] == 1).all()) and bool(np.isin(units[:, 0], (0, 1)).all())


def _groups(records: Sequence[ResultRecord], fold: int, metric: str, place: Place, examples: int) -> list[int] | None:
    """Return the number of each example's article or document, the same for all runs of a fold; older ones lack it."""
    eval_set = version_of(metric)
    for record in records:
        if repetition(record)[1] != fold:
            continue
        original = (record.details.get("clean_of") or {}).get(eval_set, "clean")
        groups = _stored(place(record) / UNITS).get(f"{original}/{GROUPS}")
        if groups is not None and len(groups) == examples:
            return list(groups)
    return None


def _units(record: ResultRecord, metric: str, place: Place) -> np.ndarray | None:
    """Return the counts of each example in the column's metric, None if the record has none for it."""
    path = place(record) / UNITS
    eval_set, name = version_of(metric), name_of(metric)
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
