"""Models trained on several tasks that share an encoder, beside the same models trained on each task alone."""

from collections.abc import Mapping, Sequence

from charbert.config.training.multi_task import TaskSampling
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.tables.published import ATTACK, ORIGINAL
from charbert.reporting.tables.scores import build_table, renamed, row_label, setting

_METRIC_NAMES = {"f1": "F1"}


def multi_task_table(
    alone: Sequence[ResultRecord], together: Sequence[ResultRecord], metrics: Mapping[str, str], attack: str
) -> Table:
    """Return the table, an original and an attacked column for each task.

    Args:
        alone: records of models trained on one task.
        together: records of each task's scores after training on all tasks.
        metrics: metric of each task, in the order of the columns.

    Raises:
        RecordError: if records cannot be compared in one table.
    """
    columns = []
    for task, metric in metrics.items():
        group = f"{task.upper()} {_METRIC_NAMES.get(metric, metric)}"
        columns.append(Column(group, ORIGINAL, f"eval/{task}/{metric}"))
        columns.append(Column(group, ATTACK, f"attack/{task}/{attack}/{metric}"))
    named = [renamed(record, f"{row_label(record)} alone") for record in alone]
    for record in together:
        named.append(renamed(record, f"{row_label(record)} together, {_how(record)}"))
    return build_table(named, title="Several tasks on one encoder", columns=columns)


def _how(record: ResultRecord) -> str:
    """Return how batches were divided among the tasks, and whether texts of all tasks were cut at one length."""
    how = str(setting(record, "multi_task.sampling"))
    if how == TaskSampling.temperature.name:
        how += f" {setting(record, 'multi_task.temperature'):g}"
    return how if setting(record, "multi_task.own_lengths") is not False else f"{how}, one length"
