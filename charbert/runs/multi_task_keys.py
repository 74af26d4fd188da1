"""Runs of a training on several tasks: the training itself, and the scores of each task."""

from dataclasses import replace
from typing import Any

from charbert.config.schema import Settings
from charbert.runs.keys import finetuning_identity, section_identity
from charbert.runs.run import Run

SHARED_TASK = "shared_task"
"""Kind of the records of one task's scores after a training on several."""


def task_settings(settings: Settings, name: str) -> Settings:
    """Return the settings of one of the tasks, as if it were trained alone."""
    task = settings.multi_task.tasks[name]
    return replace(settings, task=task if settings.multi_task.own_lengths else replace(task, max_length=None))


def multi_task_run(settings: Settings) -> Run:
    """Return the run of the training on all tasks."""
    parts = ["together", *settings.multi_task.tasks, settings.model.name, f"s{settings.seed}"]
    return Run(settings, "multi_task", parts, _identity(settings))


def shared_task_run(settings: Settings) -> Run:
    """Return the run that records the scores of ``settings.task``."""
    parts = [settings.task.name, settings.model.name, "together", f"s{settings.seed}"]
    return Run(settings, SHARED_TASK, parts, {**_identity(settings), "task": settings.task.name})


def _identity(settings: Settings) -> dict[str, Any]:
    chosen = settings.multi_task
    tasks = {name: finetuning_identity(task_settings(settings, name)) for name in chosen.tasks}
    sampling = section_identity(settings, "multi_task", without=("tasks", "own_lengths"))
    return {"tasks": tasks, "order": list(chosen.tasks), **sampling}
