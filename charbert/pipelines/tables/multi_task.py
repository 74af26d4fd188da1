"""Runs on several tasks, run when they are missing, and their table drawn anew from all there are."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from charbert.config.schema import Settings
from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown, write_table
from charbert.reporting.tables.multi_task import multi_task_table
from charbert.runs.comparability import comparable_records
from charbert.runs.multi_task_keys import SHARED_TASK, multi_task_run, task_settings

log = logging.getLogger(__name__)

STEM = "multi_task"


def run(settings: Settings) -> ResultRecord:
    """Return the run's record, after training when it is missing, and redraw the table of the settings' tasks."""
    record = multi_task_run(settings).finished()
    if record is None:
        from charbert.pipelines.train import multi_task  # torch is imported only when something must be trained

        record = multi_task.run(settings)
    draw(settings)
    return record


def draw(settings: Settings) -> None:
    """Write the table of the runs on these tasks, beside the models that were trained alone on the same data."""
    names = list(settings.multi_task.tasks)
    alone: list[ResultRecord] = []
    together: list[ResultRecord] = []
    for name in names:
        own = task_settings(settings, name)
        of_task: dict[str, Any] = {"settings.task.name": name}
        together += comparable_records(own, SHARED_TASK, **{**of_task, "details.tasks": [names]})
        alone += [record for record in comparable_records(own, **of_task) if record.kind == "finetune"]
    metrics = {name: task.metric for name, task in settings.multi_task.tasks.items()}
    table = multi_task_table(alone, together, metrics, settings.attack.name)
    folder = Path(settings.paths.results) / "tables"
    write_table(table, folder, STEM)
    log.info("written to %s\n\n%s", folder / f"{STEM}.md", render_markdown(table))
