"""The examples of a task as rows for preparation, each with its place in its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charbert.data.readers.example_errors import ExampleError, positions
from charbert.files import shorten_path
from charbert.preparation.steps import Dropped, Row
from charbert.tasks.task import Task

READING = "reading"
"""Name in reports of what could not be read."""


def own_texts(task: Task[Any, Any], examples: Sequence[Any]) -> list[tuple[str, ...]]:
    """Return the texts that make each example itself, one by one."""
    return [task.adapter.texts(example) for example in examples]


def read_rows(task: Task[Any, Any], path: Path, root: Path) -> tuple[list[Row], list[Dropped]]:
    """Return the examples of a file with their places, and what was malformed.

    Raises:
        DataError: if the file cannot be read at all, or nothing in it.
    """
    errors: list[ExampleError] = []
    examples = task.read(path, errors=errors)
    short = shorten_path(path, root)
    rows = [
        Row(example, index, _place(example, index, short))
        for example, index in zip(examples, positions(len(examples), errors), strict=True)
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
        for error in sorted(errors, key=lambda error: error.index)
    ]
    return rows, malformed


def number_rows(examples: Sequence[Any], source: str) -> list[Row]:
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
