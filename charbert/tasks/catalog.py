"""From a task's settings to the task."""

from __future__ import annotations

from typing import Any

from charbert.config.data import TaskKind, TaskSettings
from charbert.errors import SettingsError
from charbert.tasks.tagging import NamedEntityTask
from charbert.tasks.task import Task

_TASKS: dict[TaskKind, type[Task[Any, Any]]] = {TaskKind.tagging: NamedEntityTask}


def build_task(settings: TaskSettings) -> Task[Any, Any]:
    """Return the task.

    Raises:
        SettingsError: naming the kinds there are.
    """
    if settings.kind not in _TASKS:
        known = ", ".join(kind.name for kind in _TASKS)
        raise SettingsError(f"task.kind={settings.kind.name} has no implementation; known: {known}")
    return _TASKS[settings.kind](settings.name, settings.metric)
