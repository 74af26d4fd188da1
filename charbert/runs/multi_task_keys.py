"""Cells of a training on several tasks: one for the run, and one for what each task got from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from charbert.config.schema import Settings
from charbert.runs.keys import finetuning_identity, section_identity
from charbert.runs.run import Run

SHARED_TASK = "shared_task"
"""Kind of the records of what a task got from a run on several."""


def task_settings(settings: Settings, name: str) -> Settings:
    """Return the settings of one of the tasks, as if it were trained alone."""
    task = settings.multi_task.tasks[name]
    return replace(settings, task=task if settings.multi_task.own_lengths else replace(task, max_length=None))


def multi_task_run(settings: Settings) -> Run:
    """Return the cell of the run."""
    parts = ["together", *settings.multi_task.tasks, settings.model.name, f"s{settings.seed}"]
    return Run(settings, "multi_task", parts, _identity(settings))


def shared_task_run(settings: Settings) -> Run:
    """Return the cell of ``settings.task`` in the run."""
    parts = [settings.task.name, settings.model.name, "together", f"s{settings.seed}"]
    return Run(settings, SHARED_TASK, parts, {**_identity(settings), "task": settings.task.name})


def _identity(settings: Settings) -> dict[str, Any]:
    chosen = settings.multi_task
    tasks = {name: finetuning_identity(task_settings(settings, name)) for name in chosen.tasks}
    sampling = section_identity(settings, "multi_task", without=("tasks", "own_lengths"))
    return {"tasks": tasks, "order": list(chosen.tasks), **sampling}
