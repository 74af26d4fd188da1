"""From a task's settings to the task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charbert.config.data.sets import TaskKind, TaskSettings
from charbert.errors import SettingsError
from charbert.tasks.classification import ClassificationTask
from charbert.tasks.question_answering import QuestionAnsweringTask
from charbert.tasks.tagging import NamedEntityTask, PartOfSpeechTask
from charbert.tasks.task import Task

_TASKS: dict[TaskKind, Callable[[TaskSettings], Task[Any, Any]]] = {
    TaskKind.tagging: lambda task: NamedEntityTask(task.name, task.metric),
    TaskKind.pos_tagging: lambda task: PartOfSpeechTask(task.name, task.metric, task.columns),
    TaskKind.classification: lambda task: ClassificationTask(task.name, task.metric, task.columns),
    TaskKind.question_answering: lambda task: QuestionAnsweringTask(task.name, task.metric, task.spans),
}


def build_task(settings: TaskSettings) -> Task[Any, Any]:
    """Return the task.

    Raises:
        SettingsError: naming the kinds there are, or a setting that the kind cannot have.
    """
    if settings.kind not in _TASKS:
        known = ", ".join(kind.name for kind in _TASKS)
        raise SettingsError(f"task.kind={settings.kind.name} has no implementation; known: {known}")
    return _TASKS[settings.kind](settings)
