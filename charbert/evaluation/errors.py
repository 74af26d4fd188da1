"""Error analysis on one eval set: confusion matrix, scores of each class, the worst mistakes.

Three tables, written as CSV beside the predictions, as one Markdown file for readers, and shown in W&B.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from charbert.files import write_atomically
from charbert.metrics.classification import confusion_matrix
from charbert.tasks.task import Task

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_BREAKS = str.maketrans({"|": "\\|", "\n": " ", "\r": " "})


@dataclass(frozen=True)
class ErrorTable:
    """A table of the error analysis; ``rows`` have one value for each of ``columns``."""

    name: str
    """confusion, classes or mistakes."""
    columns: list[str]
    rows: list[list[Any]]
    total: int
    """Number of rows before the limit."""


def analyze_errors(
    task: Task[Any, Any],
    examples: Sequence[Any],
    predictions: Sequence[Any],
    originals: Sequence[Any],
    *,
    limit: int = 500,
) -> list[ErrorTable]:
    """Return the tables of a task: confusion and classes if it decides between classes, and mistakes.

    Args:
        predictions: one per example.
        originals: the clean example of each.
        limit: number of mistakes kept, the worst ones.
    """
    tables = []
    gold, predicted = task.decisions(examples, predictions)
    if gold:
        tables += [_confusion(gold, predicted), _classes(task, examples, predictions)]
    mistakes = task.mistakes(examples, predictions, originals)
    columns = list(mistakes[0]) if mistakes else []
    rows = [[mistake[column] for column in columns] for mistake in mistakes[:limit]]
    return [*tables, ErrorTable("mistakes", columns, rows, len(mistakes))]


def write_errors(tables: Sequence[ErrorTable], folder: Path, name: str, *, shown: int = 30) -> None:
    """Write ``NAME.TABLE.csv`` for each table, and ``NAME.errors.md`` with all of them.

    Args:
        tables: what `analyze_errors` returned.
        folder: where the predictions are. In the CSV files a text that begins as a formula has an apostrophe in front.
        shown: rows of a table in the Markdown file; the CSV file has them all.
    """
    for table in tables:
        write_atomically(folder / f"{name}.{table.name}.csv", _render_csv(table))
    text = "\n".join(render_markdown(table, shown) for table in tables)
    write_atomically(folder / f"{name}.errors.md", f"# Errors ({name})\n\n{text}")


def _confusion(gold: Sequence[str], predicted: Sequence[str]) -> ErrorTable:
    labels = sorted({*gold, *predicted})
    ids = {label: position for position, label in enumerate(labels)}
    counts = confusion_matrix([ids[label] for label in gold], [ids[label] for label in predicted], len(labels))
    rows = [[label, *row] for label, row in zip(labels, counts.tolist(), strict=True)]
    return ErrorTable("confusion", ["gold / predicted", *labels], rows, len(rows))


def _classes(task: Task[Any, Any], examples: Sequence[Any], predictions: Sequence[Any]) -> ErrorTable:
    scores: Mapping[str, Any] = {
        name: asdict(score) for name, score in task.class_scores(examples, predictions).items()
    }
    columns = ["precision", "recall", "f1", "gold", "predicted", "correct"]
    rows = [[name, *(score[column] for column in columns)] for name, score in scores.items()]
    return ErrorTable("classes", ["class", *columns], rows, len(rows))


def _render_csv(table: ErrorTable) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    rows = [table.columns, *table.rows] if table.columns else []
    writer.writerows([_as_text(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _as_text(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows as it stands: a text that it would run as a formula gets an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell


def render_markdown(table: ErrorTable, shown: int) -> str:
    """Return the first ``shown`` rows of a table under its name."""
    return "\n".join(_markdown_lines(table, shown)) + "\n"


def _markdown_lines(table: ErrorTable, shown: int) -> Iterator[str]:
    yield f"## {table.name.capitalize()}"
    yield ""
    if not table.rows:
        yield "None."
        return
    yield "| " + " | ".join(map(_cell, table.columns)) + " |"
    yield "|---" * len(table.columns) + "|"
    for row in table.rows[:shown]:
        yield "| " + " | ".join(map(_cell, row)) + " |"
    if table.total > shown:
        yield f"\n{shown} of {table.total} rows."


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value).translate(_BREAKS)
