"""How the examples of a task are prepared: which view of them there is, and their rows with places in their file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.example_errors import ExampleError, positions
from charbert.errors import SettingsError
from charbert.files import shorten_path
from charbert.preparation.adapters import ExampleAdapter, LabeledAdapter, TaggedAdapter
from charbert.preparation.question_adapter import QuestionAdapter
from charbert.preparation.steps import Dropped, Row
from charbert.tasks.classification import ClassificationTask
from charbert.tasks.question_answering import QuestionAnsweringTask
from charbert.tasks.tagging import NamedEntityTask, TaggingTask
from charbert.tasks.task import Task

READING = "reading"
"""The name under which a report counts what was malformed."""


def adapter_of(task: Task[Any, Any]) -> ExampleAdapter[Any]:
    """Return how preparation sees the task's examples.

    Raises:
        SettingsError: for a kind of task that it does not know.
    """
    if isinstance(task, TaggingTask):
        return TaggedAdapter(entities=isinstance(task, NamedEntityTask))
    if isinstance(task, ClassificationTask):
        return LabeledAdapter(list(task.columns.label_names.values()))
    if isinstance(task, QuestionAnsweringTask):
        return QuestionAdapter(no_answers=task.spans.no_answers)
    raise SettingsError(f"examples of {type(task).__name__} cannot be prepared; set preparation=none")


def label_names(task: Task[Any, Any]) -> dict[str, str]:
    """Return the labels as the task's files write them and their names, none where the task lists none."""
    columns = getattr(task, "columns", None)
    return dict(columns.label_names) if isinstance(columns, ColumnSettings) else {}


def own_texts(task: Task[Any, Any], examples: Sequence[Any]) -> list[tuple[str, ...]]:
    """Return the texts that make each example itself, one by one."""
    view = adapter_of(task)
    return [view.texts(example) for example in examples]


def read_rows(task: Task[Any, Any], path: Path, root: Path) -> tuple[list[Row[Any]], list[Dropped]]:
    """Return the examples of a file with their places, and what was malformed.

    Args:
        task: the benchmark.
        path: the file.
        root: folder that places are relative to.

    Raises:
        DataError: if the file cannot be read at all, or nothing in it.
    """
    faults: list[ExampleError] = []
    examples = task.read(path, faults=faults)
    short = shorten_path(path, root)
    rows = [
        Row(example, index, _place(example, index, short))
        for example, index in zip(examples, positions(len(examples), faults), strict=True)
    ]
    malformed = [
        Dropped(
            error.index,
            error.place.replace(str(path), short),
            READING,
            "malformed",
            error.reason.removeprefix(f"{error.place}: ").replace(str(path), short),
            error.content,
        )
        for error in sorted(faults, key=lambda fault: fault.index)
    ]
    return rows, malformed


def number_rows(examples: Sequence[Any], source: str) -> list[Row[Any]]:
    """Return examples in memory as rows of ``source``."""
    return [Row(example, index, _place(example, index, source)) for index, example in enumerate(examples)]


def _place(example: Any, index: int, source: str) -> str:
    line = getattr(example, "line", None)
    if line is None and (place := getattr(example, "place", "")):
        tail = place.rpartition(":")[2]
        line = int(tail) if tail.isdigit() else None
    name = getattr(example, "question_id", None)
    if line is None and name is not None:
        return f"{source}, question {name!r}"
    return f"{source}, example {index}" if line is None else f"{source}:{line}"
