"""The main result for the README: a few rows and columns of Table 2, one number in a cell, and a figure of them."""

import re
from collections.abc import Collection
from pathlib import Path

from charbert.files import write_atomically
from charbert.reporting.figures.paper import robustness_bars
from charbert.reporting.render.layout import Cell, Row, Table
from charbert.reporting.render.row_names import short_label
from charbert.reporting.tables.scores import FOLDS_NOTE, ON_MARKS

STEM = "summary"
ROWS = (
    "BERT",
    "AdvBERT",
    "BERT+WordRec",
    "BERT+Repair",
    "BERT+Context repair",
    "CharBERT",
    "CharBERT-T",
    "CharBERT-M+Context repair, token head",
)
"""From the top; those without a run are left out."""
TABLE_GROUPS = ("NER F1", "QNLI acc.")
FIGURE_GROUPS = (*TABLE_GROUPS, "SQuAD 1.1 F1")
"""Which scores of Table 2 are shown."""
FEWEST_SEEDS = 3
"""For a standard deviation to be shown."""


def draw_summary(table: Table, results: Path) -> None:
    """Write ``tables/summary.md`` and ``figures/summary.png`` and ``.svg``, if Table 2 has what they show."""
    shown = summary_table(table, TABLE_GROUPS)
    if shown.rows:
        write_atomically(results / "tables" / f"{STEM}.md", render_summary(shown))
        robustness_bars(summary_table(table, FIGURE_GROUPS), results / "figures", STEM)


def summary_table(table: Table, groups: tuple[str, ...]) -> Table:
    """Return those of ``ROWS`` that have runs, under short names, with the columns of ``groups``, in that order.

    Notes on marks, on the spread over folds and on columns that are left out go with them.
    """
    at = [index for group in groups for index, column in enumerate(table.columns) if column.group == group]
    cells = {short_label(row.label): tuple(row.cells[index] for index in at) for row in table.rows}
    rows = [Row(name, cells[name]) for name in ROWS if any(cell.scores for cell in cells.get(name, ()))]
    others = {column.group for column in table.columns} - set(groups)
    notes = [
        _without(note, others)
        for note in table.notes
        if not note.startswith(ON_MARKS)
        and note != FOLDS_NOTE
        and (any(group in note for group in groups) or not any(_task(group) in note for group in others))
    ]
    return Table("Main result", tuple(table.columns[index] for index in at), tuple(rows), table.caption, tuple(notes))


def _without(note: str, groups: Collection[str]) -> str:
    """Return a note whose lists name no column of some groups, nor the share of words that stands behind the name."""
    names = rf"(?:{'|'.join(map(re.escape, groups))})(?: [\d.]+ %)?"
    return re.sub(f"{names}, |, {names}", "", note) if groups else note


def render_summary(table: Table) -> str:
    """Return a summary as Markdown, with one decimal; the paper's scores and the marks are in the full table."""
    heads = ["Model", *(column.heading for column in table.columns)]
    lines = [heads, ["---", *("---:" for _ in table.columns)]]
    lines += [[row.label, *map(_text, row.cells)] for row in table.rows]
    notes = [*table.notes, "Bold: the best of the full table."]
    if any(len(cell.scores) >= FEWEST_SEEDS for row in table.rows for cell in row.cells):
        notes.insert(0, f"Without ±: fewer than {FEWEST_SEEDS} seeds.")
    below = " ".join((table.caption, *notes))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{below}\n"


def _text(cell: Cell) -> str:
    if cell.mean is None:
        return "–"
    mean = f"**{cell.mean:.1f}**" if cell.is_best else f"{cell.mean:.1f}"
    return mean if cell.std is None or len(cell.scores) < FEWEST_SEEDS else f"{mean} ± {cell.std:.1f}"


def _task(group: str) -> str:
    """Return a group's task: ``SQuAD 1.1`` of ``SQuAD 1.1 F1``."""
    return group.rsplit(" ", 1)[0]
