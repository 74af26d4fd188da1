"""A table with the runs behind its rows, as W&B shows it, which links a number to its learning curves."""

from collections.abc import Sequence
from typing import Any

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table, cell_texts
from charbert.reporting.tables.scores import repetition, row_label, runs_of, setting

Listing = tuple[list[str], list[list[Any]]]
"""Names of columns, and rows."""


def list_rows(table: Table, records: Sequence[ResultRecord]) -> Listing:
    """Return the table as it is drawn, with the W&B ids of the runs behind each row.

    A run without an id (tracking was off) is named by its record.
    """
    runs = runs_of(records, [column.metric for column in table.columns])
    rows = []
    for row in table.rows:
        runs_by_key = {run.key: run for (label, _), members in runs.items() if label == row.label for run in members}
        ids = [run.wandb_id or run.folder_name for run in runs_by_key.values()]
        rows.append([row.label, *cell_texts(table, row), ", ".join(ids)])
    return ["model", *(column.heading for column in table.columns), "runs"], rows


def list_runs(table: Table, records: Sequence[ResultRecord], address: str) -> Listing:
    """Return one line for each run behind the table: its row, task, seed, scores in percent, and where it is in W&B.

    Args:
        records: those that it was drawn from.
        address: of the W&B server, which the links lead to.
    """
    metrics = [column.metric for column in table.columns]
    runs_by_key = {run.key: run for members in runs_of(records, metrics).values() for run in members}
    rows = []
    for run in sorted(runs_by_key.values(), key=lambda run: (row_label(run), run.name, repetition(run))):
        scores = [100 * run.metrics[metric] if metric in run.metrics else None for metric in metrics]
        seed, fold = repetition(run)
        about = [row_label(run), setting(run, "task.name"), seed, fold]
        rows.append([*about, *scores, run.folder_name, run.wandb_id, _link(run, address)])
    headings = [column.heading for column in table.columns]
    return ["model", "task", "seed", "fold", *headings, "record", "wandb_id", "link"], rows


def _link(run: ResultRecord, address: str) -> str | None:
    """Return the address of a run's page, which for an offline run exists once it is synced."""
    parts = (run.wandb_path or "").split("/")
    if len(parts) != 3 or not all(parts):  # without a login an offline run has no entity
        return None
    return f"{address.rstrip('/')}/{parts[0]}/{parts[1]}/runs/{parts[2]}"
