"""Settings of multi-task training."""

from dataclasses import dataclass, field
from enum import Enum

from charbert.config.checks import check_range
from charbert.config.data.sets import TaskSettings
from charbert.errors import SettingsError


class TaskSampling(Enum):
    """How batches are divided among tasks."""

    proportional = "proportional"
    uniform = "uniform"
    temperature = "temperature"


@dataclass
class MultiTaskSettings:
    """Tasks that share an encoder; each has its own head."""

    tasks: dict[str, TaskSettings] = field(default_factory=dict)
    """The tasks, by name."""
    sampling: TaskSampling = TaskSampling.proportional
    """Batches of each task in an epoch. proportional: to its number of examples; uniform: the same for all;
    temperature: in between, see ``temperature``. An epoch has as many batches as all training sets together."""
    temperature: float = 2.0
    """For ``sampling=temperature``: a task's share is proportional to (its examples) ** (1 / temperature). 1 or more;
    1 is proportional, a large value uniform."""
    own_lengths: bool = True
    """Whether tasks keep their own ``max_length``; false: ``finetuning.max_length`` for all."""

    def __post_init__(self) -> None:
        check_range("multi_task", self, "[1, inf)", "temperature")
        for name, task in self.tasks.items():
            if name != task.name:
                raise SettingsError(
                    f"multi_task.tasks.{name} must hold the task of that name, got {task.name}; "
                    f"write +task@multi_task.tasks.{task.name}={task.name}"
                )
