"""Models trained on several tasks at once beside the same models trained on one: run when missing, and tabulated."""

from collections.abc import Sequence
from typing import Any

from charbert.config.schema import Settings
from charbert.pipelines.tables.drawing import TableSpec, draw
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.multi_task import multi_task_table
from charbert.runs.comparability import comparable_records
from charbert.runs.multi_task_keys import SHARED_TASK, multi_task_run, task_settings


def _records(settings: Settings) -> list[ResultRecord]:
    """Return the scores of runs on exactly these tasks, and the models trained alone on the same data."""
    names = list(settings.multi_task.tasks)
    records = []
    for name in names:
        own = task_settings(settings, name)
        on_task: dict[str, Any] = {"settings.task.name": name}
        records += comparable_records(own, **on_task)
        records += comparable_records(own, SHARED_TASK, **(on_task | {"details.tasks": [names]}))
    return records


def _build(settings: Settings, records: Sequence[ResultRecord]) -> Table:
    metrics = {name: task.metric for name, task in settings.multi_task.tasks.items()}
    together = [record for record in records if record.kind == SHARED_TASK]
    alone = [record for record in records if record.kind == "finetune"]
    return multi_task_table(alone, together, metrics, settings.attack.name)


TABLE = TableSpec("multi_task", _records, _build)


def run(settings: Settings) -> ResultRecord:
    """Return the run's record, after training when it is missing, and redraw the table of the settings' tasks."""
    record = multi_task_run(settings).finished()
    if record is None:
        from charbert.pipelines.train import multi_task  # torch is imported only when something must be trained

        record = multi_task.run(settings)
    draw(settings, TABLE)
    return record
