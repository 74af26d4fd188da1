"""How much of its score each model loses under attack. Paper: Sec. 4.5, BERT above 30 % on QNLI, CharBERT 12 %."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from charbert.errors import RecordError
from charbert.reporting.canvas import CYCLE, add_caption, add_legend, draw_cell, on_short_lines, panels, save_figure
from charbert.reporting.layout import Cell, Table
from charbert.reporting.published import ATTACK, ORIGINAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOR = CYCLE[1]


def attack_drops(table: Table) -> dict[str, dict[str, Cell]]:
    """Return the share of its score that each model loses, in percent: ours and the paper's by task, then by row.

    Of ours the mean and the deviation are over the seeds' own losses. Tasks without a run of ours are left out as
    long as another has one, and so are rows with nothing to show.

    Args:
        table: with an original and an attacked column for each task, as Table 2.
    """
    groups = {group: _group_drops(table, group) for group in dict.fromkeys(column.group for column in table.columns)}
    run = {group: drops for group, drops in groups.items() if any(cell.scores for cell in drops.values())}
    return run or groups


def attack_drop_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw the loss of each model under attack as bars, the paper's as hollow diamonds.

    Args:
        table: with an original and an attacked column for each task, as Table 2.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.

    Returns:
        The two paths.

    Raises:
        RecordError: if the table has no row with both scores, or the files cannot be written.
    """
    drops = {group: rows for group, rows in attack_drops(table).items() if rows}
    if not drops:
        raise RecordError(f"figure {stem}: expected a table with original and attacked scores, got none")
    width = max(4.8, 0.9 + 0.85 * sum(map(len, drops.values())))
    ratios = [len(rows) for rows in drops.values()]
    with panels(len(drops), width=width, height=3.6, sharey=True, ratios=ratios) as (figure, axes):
        for axis, (group, rows) in zip(axes, drops.items(), strict=True):
            _draw_group(axis, group, rows)
        axes[0].set_ylabel("share of the score lost, percent")
        axes[0].set_ylim(bottom=0)  # of all, once all are drawn: their tops are then known
        add_legend(figure, axes, ["ours", "paper"])
        add_caption(figure, " ".join((table.caption, *(note for note in table.notes if "attacked" in note))))
        return save_figure(figure, folder, stem)


def _group_drops(table: Table, group: str) -> dict[str, Cell]:
    places = {column.name: at for at, column in enumerate(table.columns) if column.group == group}
    if not {ORIGINAL, ATTACK} <= places.keys():
        return {}
    drops = {}
    for row in table.rows:
        original, attacked = row.cells[places[ORIGINAL]], row.cells[places[ATTACK]]
        ours: tuple[float, ...] = ()
        if len(original.scores) == len(attacked.scores):  # of the same seeds, in the same order
            ours = tuple(_drop(one, two) for one, two in zip(original.scores, attacked.scores, strict=True) if one)
        paper = None
        if original.published and attacked.published is not None:
            paper = _drop(original.published, attacked.published)
        if ours or paper is not None:
            drops[row.label] = Cell(ours, paper)
    return drops


def _drop(original: float, attacked: float) -> float:
    return 100 * (original - attacked) / original


def _draw_group(axis: Axes, group: str, rows: dict[str, Cell]) -> None:
    for x, cell in enumerate(rows.values()):
        draw_cell(axis, cell, x, 0.66, COLOR)
    axis.set_title(group, fontsize=11)
    axis.set_xticks(range(len(rows)), [on_short_lines(label) for label in rows])
    axis.tick_params(axis="x", length=0, labelsize=8.5)
    axis.grid(axis="x", visible=False)
    axis.set_xlim(-0.6, len(rows) - 0.4)
