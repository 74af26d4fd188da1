"""Models whose encoder several tasks share, beside the same models trained for each task alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables.published import ATTACK, ORIGINAL
from charbert.reporting.tables.scores import build_table, row_label, setting

_METRIC_NAMES = {"f1": "F1"}


def multi_task_table(
    alone: Sequence[ResultRecord], together: Sequence[ResultRecord], metrics: Mapping[str, str], attack: str
) -> Table:
    """Return the table, an original and an attacked column for each task.

    Args:
        alone: cells of one task each.
        together: what tasks got from runs on all of them.
        metrics: metric of each task, in the order of the columns.
        attack: name of the attack.

    Raises:
        RecordError: if records cannot stand in one table.
    """
    columns = []
    for task, metric in metrics.items():
        group = f"{task.upper()} {_METRIC_NAMES.get(metric, metric)}"
        columns.append(Column(group, ORIGINAL, f"eval/{task}/{metric}"))
        columns.append(Column(group, ATTACK, f"attack/{task}/{attack}/{metric}"))
    named = [_renamed(record, "alone") for record in alone]
    named += [_renamed(record, f"together, {setting(record, 'multi_task.sampling')}") for record in together]
    return build_table(named, title="Several tasks on one encoder", columns=columns)


def _renamed(record: ResultRecord, how: str) -> ResultRecord:
    """Return the record with a row of its own."""
    model = {**record.settings["model"], "name": f"{row_label(record)} {how}"}
    return replace(record, settings={**record.settings, "model": model})
