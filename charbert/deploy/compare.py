"""``charbert compare``: two models on the same test examples, from their records."""

import argparse
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from charbert.errors import RecordError
from charbert.records import ResultRecord, read_record
from charbert.reporting.significance import RunComparison, compare_runs
from charbert.reporting.tables.scores import repetition, row_label, setting, task_of

log = logging.getLogger(__name__)

_FINETUNING = ("finetuning", "robust_training")
"""Settings besides the model's that are shown where they differ."""

DESCRIPTION = """\
Compare two models on the examples that both were tested on: scores, difference, its 95 % interval and p value.

RECORD is the folder of a run's record, as results/minilm/records/ner-bert-s1-KEY, of any recipe; of several seeds one
for each. A score is compared where both records have counts of each example beside them (per_example.json). Examples of
one document or article are drawn and swapped as a whole, where the record knows them. p values are of approximate
randomization, or of McNemar's exact test; they are not corrected for the number of tests."""

EXAMPLES = """\
examples:
  charbert compare results/minilm/records/ner-bert-s1-KEY --with results/minilm/records/ner-charbert-s1-KEY
  charbert compare FIRST --with SECOND --metric attack/ner/released/f1
  charbert compare results/minilm/records/RUN --with results/rerun/minilm/records/RUN     the same run, made twice"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("first", metavar="RECORD", nargs="+", type=Path, help="folders of records of the first model")
    parser.add_argument(
        "--with", metavar="RECORD", nargs="+", type=Path, dest="second", required=True, help="of the second model"
    )
    parser.add_argument("--metric", metavar="PATH", action="append", help="a score, as eval/ner/f1 (default: all)")


def run(chosen: argparse.Namespace) -> int:
    """Print the comparison of the scores that the records share."""
    places: dict[int, Path] = {}
    first, second = (_read(folders, places) for folders in (chosen.first, chosen.second))
    tasks = {task_of(side) for side in (first, second)}
    if len(tasks) > 1:
        raise RecordError(f"expected records of one task, got {' and '.join(sorted(tasks))}")
    _warn_of_other_files(first, second)
    shared = [metric for metric in first[0].metrics if all(metric in record.metrics for record in (*first, *second))]
    if unknown := [metric for metric in chosen.metric or [] if metric not in shared]:
        raise RecordError(f"--metric {unknown[0]}: expected a score of all records, one of {', '.join(shared)}")
    compared = [
        comparison
        for metric in chosen.metric or shared
        if (comparison := compare_runs(first, second, metric, lambda record: places[id(record)])) is not None
    ]
    if not compared:
        raise RecordError(
            f"{chosen.first[0]} and {chosen.second[0]}: expected runs of one seed and fold with counts of the same "
            "examples beside both records (per_example.json), got none for the scores that they share"
        )
    sys.stdout.write("".join(f"{line}\n" for line in _lines(first, second, compared)))
    return 0


def _read(folders: Sequence[Path], places: dict[int, Path]) -> list[ResultRecord]:
    """Return a model's records, one for each seed and fold, and add where each is to ``places``."""
    records: dict[Path, ResultRecord] = {}
    for folder in folders:
        place = folder.parent if folder.name == "record.json" else folder
        records[place] = read_record(place / "record.json")
        if setting(records[place], "task.name") is None or not records[place].metrics:
            raise RecordError(f"{place}: expected the record of a finished run that was tested on a task")
    whole = {place: record for place, record in records.items() if record.kind != "fold"}
    kept = whole or records  # a record of all folds has their examples, too
    by_run: dict[tuple[int, int], Path] = {}
    for place, record in kept.items():
        which = repetition(record)
        if which in by_run:
            raise RecordError(
                f"{by_run[which]} and {place}: expected one record for each seed and fold, got two of seed {which[0]}"
            )
        by_run[which] = place
    if len(labels := {row_label(record) for record in kept.values()}) > 1:
        raise RecordError(f"expected records of one model on each side of --with, got {' and '.join(sorted(labels))}")
    places.update({id(record): place for place, record in kept.items()})
    return list(kept.values())


def _warn_of_other_files(first: Sequence[ResultRecord], second: Sequence[ResultRecord]) -> None:
    own, others = (
        {name: sha for record in side for name, sha in record.data_checksums.items()} for side in (first, second)
    )
    if unlike := sorted(name for name in own.keys() & others.keys() if own[name] != others[name]):
        log.warning("%s: the two models have read different contents of this file", ", ".join(unlike))


def _lines(
    first: Sequence[ResultRecord], second: Sequence[ResultRecord], compared: Sequence[RunComparison]
) -> list[str]:
    shared = sorted(set(map(repetition, first)) & set(map(repetition, second)))
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(seed for seed, _ in shared))
    rows = [("score in percent", "first", "second", "difference", "95 % interval", "p", "examples or groups")]
    for row in compared:
        low, high = row.interval
        rows.append(
            (
                row.metric,
                f"{100 * row.first:.2f}",
                f"{100 * row.second:.2f}",
                f"{100 * (row.second - row.first):+.2f}",
                f"{100 * low:+.2f} to {100 * high:+.2f}",
                f"{row.p_value:.4f}",
                str(row.groups),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    heading = [f"first: {row_label(first[0])}", f"second: {row_label(second[0])}", f"seeds: {seeds}"]
    return [*heading, *_unlike(first[0].settings, second[0].settings, _FINETUNING), "", *lines]


def _unlike(
    first: Mapping[str, Any], second: Mapping[str, Any], sections: Iterable[str], prefix: str = ""
) -> list[str]:
    """Return a line for each setting that both records have with other values."""
    lines: list[str] = []
    for name in sections:
        own, other = first.get(name), second.get(name)
        if isinstance(own, Mapping) and isinstance(other, Mapping):
            lines += _unlike(own, other, own, f"{prefix}{name}.")
        elif own is not None and other is not None and own != other:
            lines.append(f"{prefix}{name}: {own} and {other}")
    return lines
