"""Scores against the strength of noise, a line for each model; colors, dashes and marks differ, for print in gray."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Table
from charbert.reporting.render.plot_style import CYCLE, INK, line_look, panels, save_figure
from charbert.reporting.tables.robustness.curves import AXES, curve_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.052
"""Least distance between two labels, as a share of the axis."""


def noise_curves(table: Table, records: Sequence[ResultRecord], folder: Path | str, stem: str) -> list[Path]:
    """Draw a panel for each curve, with the mean of each model and a band of one standard deviation over seeds.

    Args:
        table: from `charbert.reporting.tables.robustness.curves.curves_table`.
    """
    curves = curve_points(records)
    places = {column.metric: place for place, column in enumerate(table.columns)}
    longest = max(len(row.label) for row in table.rows)
    with panels(len(curves), width=1 + len(curves) * (3.3 + 0.075 * longest), height=4.4, sharey=True) as (
        figure,
        axes,
    ):
        lowest, highest = 100.0, 0.0
        ends: list[list[tuple[float, str, str]]] = []
        for axis, (curve, points) in zip(axes, curves.items(), strict=True):
            ends.append([])
            strengths = [strength for strength, _ in points]
            for index, row in enumerate(table.rows):
                cells = [row.cells[places[path]] for _, path in points]
                if any(cell.mean is None or not math.isfinite(cell.mean) for cell in cells):
                    continue
                means = _draw_line(axis, strengths, cells, index)
                lowest, highest = min(lowest, *means), max(highest, *means)
                ends[-1].append((means[-1], row.label, CYCLE[index % len(CYCLE)]))
            axis.set_xlabel(AXES[curve])
            axis.set_xticks(strengths)
            axis.set_xlim(strengths[0], strengths[-1])
        margin = 0.06 * max(1.0, highest - lowest)
        for axis, labels in zip(axes, ends, strict=True):
            axis.set_ylim(lowest - margin, highest + margin)
            _label_lines(axis, labels)
        axes[0].set_ylabel(table.columns[0].group)
        caption = " ".join(filter(None, (table.caption, *table.notes[:1], table.row_legend)))
        return save_figure(figure, folder, stem, caption)


def _draw_line(axis: Axes, strengths: Sequence[float], cells: Sequence[Cell], index: int) -> list[float]:
    """Draw a model's line and return its means."""
    look = line_look(index)
    means = [cell.mean for cell in cells if cell.mean is not None]
    spreads = [cell.std or 0.0 for cell in cells]
    if any(spreads):
        low, high = ([mean + sign * std for mean, std in zip(means, spreads, strict=True)] for sign in (-1, 1))
        axis.fill_between(strengths, low, high, color=look["color"], alpha=0.15, linewidth=0)
    axis.plot(strengths, means, **look, markersize=4.5, linewidth=1.6, clip_on=False)
    return means


def _label_lines(axis: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Name each line at its right end; names that would overlap are moved apart and tied to their lines."""
    low, high = axis.get_ylim()
    gap = GAP * (high - low)
    ordered = sorted(ends)
    heights = [end for end, _, _ in ordered]
    for _ in range(100):  # pushes neighbors apart, from the closest on
        for below, above in itertools.pairwise(range(len(heights))):
            if (short := gap - (heights[above] - heights[below])) > 1e-9:
                heights[below] -= short / 2
                heights[above] += short / 2
    right = axis.get_xlim()[1]
    for height, (end, label, color) in zip(heights, ordered, strict=True):
        tie = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4}
        axis.annotate(
            label,
            (right, end),
            (18, (height - end) / (high - low) * axis.bbox.height * 72 / axis.figure.dpi),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            va="center",
            annotation_clip=False,
            arrowprops=tie,
        )
