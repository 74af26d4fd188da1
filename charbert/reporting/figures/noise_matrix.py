"""Scores on families of noise as a matrix of numbers, darker where more is lost."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from charbert.evaluation.metric_paths import DEV, version_of
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.render.plot_style import INK, LINE, on_short_lines, panels, save_figure
from charbert.reporting.tables.robustness.families import noisy_columns

COLORS = "Blues"
"""From white to dark blue: in gray as from white to black."""
DARKEST = 0.85
"""Share of the scale that is used, at which black and white numbers can be read."""
WHITE_FROM = 0.55
"""Share of the scale from which a number is white."""
LARGEST = 10.0
"""Points lost at the dark end of the scale, at least."""


def noise_matrix(table: Table, folder: Path | str, stem: str, *, groups: Mapping[str, str] | None = None) -> list[Path]:
    """Draw the scores of each row on clean and noisy sets, on a color for the points lost against the clean set.

    Args:
        table: from `charbert.reporting.tables.robustness.families.robustness_table`, or one with its columns.
        groups: heading above each row that begins a group, by label; None: the rows are one group.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    places = _shown(table.columns)
    drops = {row.label: _drops(row, places) for row in table.rows}
    largest = max([LARGEST, *(drop for row in drops.values() for drop in row.values() if drop is not None)])
    headings = groups or {}
    labels = [textwrap.fill(row.label, LINE) for row in table.rows]
    longest = max(len(line) for label in labels for line in label.splitlines())
    width = 1.4 + 0.075 * longest + 0.62 * len(places)
    height = len(table.rows) + 0.8 * len(headings)
    with panels(1, width=width, height=2.1 + 0.36 * height) as (figure, (axis,)):
        colors = ScalarMappable(Normalize(0, largest / DARKEST), COLORS)
        ticks: list[float] = []
        y = 0.0
        for row in table.rows:
            if row.label in headings:
                axis.text(-0.5, y + 0.15, headings[row.label], fontsize=10, fontweight="bold", color=INK, va="center")
                y += 0.8
            for x, place in enumerate(places):
                drop = drops[row.label].get(place)
                share = 0.0 if drop is None else max(0.0, drop) / largest * DARKEST
                color = colors.get_cmap()(share) if drop is not None else "white"
                axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=1.5))
                ink = "white" if share >= WHITE_FROM else INK
                axis.text(x, y, _number(row.cells[place]), fontsize=9, color=ink, ha="center", va="center")
            ticks.append(y)
            y += 1
        axis.set_xlim(-0.5, len(places) - 0.5)
        axis.set_ylim(y - 0.5, -0.5)
        axis.set_aspect("auto")
        names = [on_short_lines(table.columns[place].name, 12) for place in places]
        axis.set_xticks(range(len(places)), names, rotation=40, ha="left", fontsize=9, rotation_mode="anchor")
        axis.xaxis.tick_top()
        axis.set_yticks(ticks, labels, fontsize=9)
        axis.tick_params(length=0)
        axis.grid(visible=False)
        for spine in axis.spines.values():
            spine.set_visible(False)
        bar = figure.colorbar(colors, ax=axis, location="right", shrink=0.8, aspect=18, pad=0.015)
        bar.ax.set_ylim(0, largest)
        bar.set_label("points lost", fontsize=8.5)
        bar.ax.tick_params(labelsize=8)
        marks = [note for note in table.notes if note.startswith("*")]
        about = table.caption.replace(" ± standard deviation", "")
        caption = " ".join(
            [f"{table.columns[0].group}.", about, "Uncolored: text without noise.", *marks, table.row_legend]
        )
        return save_figure(figure, folder, stem, caption)


def _shown(columns: Sequence[Column]) -> dict[int, int | None]:
    """Return the places of the columns that are drawn, in order, and of each noisy one the place of its clean one."""
    noisy = noisy_columns(columns)
    shown: dict[int, int | None] = {}
    clean = 0
    for place, column in enumerate(columns):
        if column.group != columns[0].group:
            break
        if column in noisy:
            shown[place] = clean
        elif place == 0 or version_of(column.metric) == DEV:
            shown[place], clean = None, place
    return shown


def _drops(row: Row, places: Mapping[int, int | None]) -> dict[int, float]:
    drops = {}
    for place, clean in places.items():
        if clean is None:
            continue
        before, after = row.cells[clean].mean, row.cells[place].mean
        if before is not None and after is not None and math.isfinite(before - after):
            drops[place] = before - after
    return drops


def _number(cell: Cell) -> str:
    return "–" if cell.mean is None else f"{cell.mean:.1f}{cell.mark}"
