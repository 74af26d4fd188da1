"""Scores of fine-tuned models on families of noise; the paper has no such table."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from charbert.evaluation.metric_paths import ATTACKED, CLEAN, DEV, metric_path, name_of, version_of
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables.paper import (
    ATTACKS,
    METRIC_TITLES,
    TABLE_SPECS,
    attack_rule,
    metric_name,
    table_attack,
    task_title,
)
from charbert.reporting.tables.scores import build_table, setting, task_of

SET_NAMES = {
    "clean": "original",
    DEV: "original, dev set",
    "two_edits": "two edits",
    "ocr": "OCR",
    "ocr_tess4": "OCR (tess4)",
}
"""Headings of the columns of noisy sets; the others have the name of the set."""
BINARY_METRICS = {"roc_auc": "ROC-AUC", "macro_recall": "balanced acc."}
"""Metrics shown beside accuracy for two labels: under noise the share of predicted labels shifts. With two labels the
mean of their recalls is the balanced accuracy."""
MEAN_DROP, MEAN_RANK = "mean drop", "mean rank"
"""Headings of the columns that summarize the others."""


def robustness_table(
    records: Sequence[ResultRecord],
    p_values: Mapping[tuple[str, str], float] | None = None,
    *,
    title: str = "families of noise",
    order: Sequence[str] = TABLE_SPECS["table2_robustness"].order,
    compared_with: str = "",
) -> Table:
    """Return the scores of each model on each noisy set, the mean drop against clean text, and the mean rank.

    Of metrics beside the task's own it has the score on clean text and the mean drop.

    Args:
        records: one or more of one task, with the same sets in ``details.clean_of``.
        p_values: see `charbert.reporting.tables.scores.build_table`.
        title: what follows the name of the task.

    Raises:
        RecordError: see `charbert.reporting.tables.scores.build_table`.
    """
    task, scored = task_of(records), robustness_columns(records)
    columns: list[Column] = []
    for group in dict.fromkeys(column.group for column in scored):
        own = [column for column in scored if column.group == group]
        columns += [column for column in own if group == scored[0].group or column.metric.startswith(f"{CLEAN}/")]
        name = name_of(own[0].metric)
        path = f"{metric_path(task, MEAN_DROP)}/{name}"
        columns.append(Column(group, MEAN_DROP, path, higher_is_better=False))
    clean_of, attack = records[0].details["clean_of"], version_of(columns[1].metric)
    notes = [f"Attack: {attack_rule(attack, records) or attack}. Computed in 32 bits."]
    if any(column.metric.endswith("/macro_recall") for column in columns):
        notes.append("Balanced accuracy: mean of the recalls of both labels.")
    notes += examples_note(records)
    notes.append(
        f"{MEAN_DROP.capitalize()}: points below the score on the same examples without noise, mean over the noisy "
        "sets; lower is better."
    )
    if copies := [column.name for column in noisy_columns(columns) if clean_of[version_of(column.metric)] == DEV]:
        notes.append(f"Copies of the dev set: {', '.join(copies)}.")
    table = build_table(
        [_with_drops(record, columns) for record in records],
        title=f"{task_title(task)}: {title}",
        columns=columns,
        notes=notes,
        order=order,
        p_values=p_values,
        compared_with=compared_with,
    )
    return _with_ranks(table)


def robustness_columns(records: Sequence[ResultRecord]) -> list[Column]:
    """Return the columns of all scores on all sets; of our copy after the authors' rule and their own set only one."""
    task, metric = task_of(records), str(setting(records[0], "task.metric"))
    clean_of = {name: clean for record in records for name, clean in record.details["clean_of"].items()}
    versions = sorted(clean_of, key=lambda name: clean_of[name] == DEV)
    attack = table_attack(task, records, versions[1])
    attack = attack if attack in ATTACKS else versions[1]  # not a family, where no record has the attack
    shown = [versions[0], attack, *(name for name in versions[1:] if name not in {*ATTACKS, attack})]
    measures = {metric_name(task, metric): METRIC_TITLES.get(metric, metric)}
    if metric == "accuracy" and any(f"{CLEAN}/{task}/f1" in record.metrics for record in records):
        measures |= BINARY_METRICS
    return [
        Column(
            f"{task_title(task)} {title}",
            "attack" if version == attack else SET_NAMES.get(version, version.replace("_", " ")),
            f"{metric_path(task, version)}/{name}",
        )
        for name, title in measures.items()
        for version in shown
    ]


def noisy_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with scores on noisy sets."""
    return [
        column
        for column in columns
        if column.metric.startswith(f"{ATTACKED}/") and version_of(column.metric) != MEAN_DROP
    ]


def examples_note(records: Sequence[ResultRecord]) -> list[str]:
    """Return a note on how many examples were scored, none where all were."""
    limit = setting(records[0], "robustness.max_examples")
    return [f"At most {limit} examples of each set, the same for all models."] if limit else []


def _with_drops(record: ResultRecord, columns: Sequence[Column]) -> ResultRecord:
    """Return the record with the mean of its drops over the noisy sets that are shown, in each metric that asks it."""
    task, clean_of = task_of([record]), record.details["clean_of"]
    shown = [version_of(column.metric) for column in noisy_columns(columns)]
    drops = {}
    for column in columns:
        if version_of(column.metric) != MEAN_DROP:
            continue
        name = name_of(column.metric)
        paths = [[f"{metric_path(task, version)}/{name}" for version in (clean_of[noisy], noisy)] for noisy in shown]
        pairs = [[record.metrics.get(path) for path in pair] for pair in paths]
        own = [clean - noisy for clean, noisy in pairs if clean is not None and noisy is not None]
        if own and len(own) == len(shown):
            drops[column.metric] = statistics.fmean(own)
    return replace(record, metrics={**record.metrics, **drops})


def _with_ranks(table: Table) -> Table:
    """Return the table with the mean rank of each row over the noisy sets, of two rows or more with all scores."""
    from scipy.stats import rankdata

    places = [table.columns.index(column) for column in noisy_columns(table.columns)]
    scores = {
        row.label: [mean for place in places if (mean := row.cells[place].mean) is not None and math.isfinite(mean)]
        for row in table.rows
    }
    scores = {label: means for label, means in scores.items() if len(means) == len(places)}
    if len(scores) < 2:
        return table
    ranks = [rankdata([-score for score in column]) for column in zip(*scores.values(), strict=True)]
    rank_of = dict(zip(scores, map(statistics.fmean, zip(*ranks, strict=True)), strict=True))
    best = min(rank_of.values())
    cells = {label: Cell((rank,), is_best=rank == best) for label, rank in rank_of.items()}
    rows = tuple(Row(row.label, (*row.cells, cells.get(row.label, Cell()))) for row in table.rows)
    column = Column("", MEAN_RANK, "rank", higher_is_better=False, of_all_seeds=True)
    note = (
        f"{MEAN_RANK.capitalize()}: mean place of a row in the columns of noisy sets, 1 is the best of {len(scores)}."
    )
    return replace(table, columns=(*table.columns, column), rows=rows, notes=(*table.notes, note))
