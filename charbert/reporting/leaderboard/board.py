"""The leaderboard as data: one entry per model, made of the tables of scores under noise and of training records."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from charbert.evaluation.metric_paths import ATTACKED, CLEAN, DEV
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Table
from charbert.reporting.render.row_names import SHORT_NAMES, short_label
from charbert.reporting.tables.robustness.families import MEAN_DROP, MEAN_RANK
from charbert.reporting.tables.scores import ON_MARKS, row_label

SCHEMA_VERSION = 1
"""Incremented when a field changes its meaning."""


@dataclass(frozen=True)
class TaskScores:
    """What the leaderboard shows of one task."""

    name: str
    """As ``ner``."""
    table: Table
    """Rows of models under their full names, columns of eval sets; of several metrics each is a group of columns."""
    scored: Sequence[ResultRecord]
    """The records that the table is drawn from."""
    trained: Sequence[ResultRecord]
    """The records of the models' fine-tuning."""
    suffix: str = ""
    """What the titles of its boards end with, to tell two tables of a task apart."""

    @property
    def columns(self) -> list[tuple[int, Column]]:
        """The columns of eval sets, and the place of each in a row; summaries of columns are left out."""
        sets, summaries = (CLEAN, DEV, ATTACKED), (MEAN_DROP, MEAN_RANK)
        columns = enumerate(self.table.columns)
        return [(at, of) for at, of in columns if of.metric.split("/")[0] in sets and of.name not in summaries]

    @property
    def titles(self) -> list[str]:
        """The groups of the columns, one for each metric; those without a noisy set are left out."""
        return list(dict.fromkeys(column.group for _, column in self.columns if not _is_clean(column)))


def build_board(tasks: Sequence[TaskScores]) -> dict[str, Any]:
    """Return the leaderboard, which JSON can hold.

    ``boards`` has one entry for each task and metric: ``title``, ``task``, ``sets`` (names of the eval sets, the clean
    ones in ``clean`` too) and ``about``. ``models`` has one for each model: ``name`` (short), ``model`` (as in
    records), ``about``, ``scores`` by board and set, each with ``mean`` and ``std`` in percent over ``seeds``
    (std: null for one seed), ``under_noise`` by board, the mean over all sets that are not clean, and ``training`` by
    task: ``parameters``, ``minutes`` of fine-tuning and scoring, the mean over the runs on the ``processor`` of the
    newest one, and the names of the ``records``.
    """
    boards = [board for task in tasks for board in _boards_of(task)]
    models: dict[str, dict[str, Any]] = {}
    for task in tasks:
        for row in task.table.rows:
            cells = [(column, row.cells[at]) for at, column in task.columns]
            if not any(cell.scores for _, cell in cells):
                continue
            entry = models.setdefault(row.label, _new_entry(row.label))
            _add_training(entry, task, row.label)
            for title in task.titles:
                of_title = [(column, cell) for column, cell in cells if column.group == title]
                _add_scores(entry, title + task.suffix, of_title)
    return {"schema_version": SCHEMA_VERSION, "boards": boards, "models": list(models.values())}


def _boards_of(task: TaskScores) -> list[dict[str, Any]]:
    left_out = (*ON_MARKS, MEAN_DROP.capitalize(), MEAN_RANK.capitalize())  # the page has no marks and no summaries
    notes = [note for note in task.table.notes if not note.startswith(left_out)]
    about = " ".join((task.table.caption, *notes))
    boards = []
    for title in task.titles:
        columns = [column for _, column in task.columns if column.group == title]
        names = {"sets": columns, "clean": [column for column in columns if _is_clean(column)]}
        of_columns = {key: [column.name for column in some] for key, some in names.items()}
        boards.append({"title": title + task.suffix, "task": task.name, **of_columns, "about": about})
    return boards


def _new_entry(label: str) -> dict[str, Any]:
    about = SHORT_NAMES[label].meaning if label in SHORT_NAMES else ""
    parts: dict[str, Any] = {"scores": {}, "under_noise": {}, "training": {}}
    return {"name": short_label(label), "model": label, "about": about} | parts


def _add_scores(entry: dict[str, Any], title: str, cells: Sequence[tuple[Column, Cell]]) -> None:
    scored = {column.name: _score(cell) for column, cell in cells if cell.scores}
    noisy = [column.name for column, _ in cells if not _is_clean(column)]
    if not scored:
        return
    entry["scores"][title] = scored
    if noisy and all(name in scored for name in noisy):  # a mean over fewer sets could not be compared
        entry["under_noise"][title] = round(statistics.fmean(scored[name]["mean"] for name in noisy), 2)


def _score(cell: Cell) -> dict[str, Any]:
    assert cell.mean is not None
    std = None if cell.std is None else round(cell.std, 2)
    return {"mean": round(cell.mean, 2), "std": std, "seeds": len(cell.scores)}


def _is_clean(column: Column) -> bool:
    return column.metric.split("/")[0] in (CLEAN, DEV)


def _add_training(entry: dict[str, Any], task: TaskScores, label: str) -> None:
    trained = [record for record in task.trained if row_label(record) == label]
    newest = max(trained, key=lambda record: record.finished, default=None)
    processor = None if newest is None else newest.hardware.get("cpu")
    seconds = [record.wall_seconds for record in trained if record.hardware.get("cpu") == processor]
    scored = {record.folder_name for record in task.scored if row_label(record) == label}
    earlier = entry["training"].get(task.name, {}).get("records", ())
    entry["training"][task.name] = {
        "parameters": None if newest is None else newest.details.get("parameters", {}).get("total"),
        "minutes": round(statistics.fmean(seconds) / 60, 1) if seconds else None,
        "processor": processor,
        "records": sorted({*earlier, *scored, *(record.folder_name for record in trained)}),
    }


_DATA = "/*DATA*/null"
"""Where the template gets the data."""


def render_leaderboard(board: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        board: as `charbert.reporting.leaderboard.board.build_board` returns it.
    """
    template = (files(__package__) / "page.html").read_text(encoding="utf-8")
    data = json.dumps(board, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")  # no early </script>
    assert _DATA in template
    return template.replace(_DATA, data)
