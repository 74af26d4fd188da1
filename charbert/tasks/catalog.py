"""The kinds of task there are: a new kind is one package below `charbert.tasks` and one line here."""

from typing import Any

from charbert.config.data.sets import TaskKind, TaskSettings
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.head import Head
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.parts_of_speech import PartOfSpeechTask
from charbert.tasks.task import Task

TASKS: dict[TaskKind, type[Task[Any, Any]]] = {
    TaskKind.tagging: NamedEntityTask,
    TaskKind.pos_tagging: PartOfSpeechTask,
    TaskKind.classification: ClassificationTask,
    TaskKind.question_answering: QuestionAnsweringTask,
}

HEADS: dict[str, Head] = {task.head.name: task.head for task in TASKS.values()}
"""The heads of the tasks, by name."""


def build_task(settings: TaskSettings) -> Task[Any, Any]:
    """Return the task.

    Raises:
        SettingsError: naming a setting that the kind of task cannot have.
    """
    return TASKS[settings.kind].from_settings(settings)
