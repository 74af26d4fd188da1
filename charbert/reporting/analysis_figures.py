"""Pictures of Figs. 4-6 and of the statistics of Sec. 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.reporting.canvas import CYCLE, INK, add_caption, add_legend, draw_cell, panels, save_figure
from charbert.reporting.layout import Cell, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = {"BERT": "#0072B2", "AdvBERT": "#009E73", "CharBERT": "#E69F00", "NLM-BERT": "#CC79A7"}
"""One model has one colour in all figures."""


def grouped_bars(table: Table, folder: Path | str, stem: str, *, ylabel: str) -> list[Path]:
    """Draw a table whose columns share a scale: columns along x, one bar a row, the paper's score as a diamond.

    Args:
        table: Fig. 4 or Sec. 1.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.
        ylabel: what the scores are.

    Returns:
        The two paths.

    Raises:
        RecordError: if the files cannot be written.
    """
    bar = 0.8 / max(1, len(table.rows))
    with panels(1, width=max(6.4, 0.75 * len(table.rows) * len(table.columns)), height=4.1) as (figure, (axis,)):
        for place, row in enumerate(table.rows):
            color = COLORS.get(row.label, CYCLE[place % len(CYCLE)])
            for x, cell in enumerate(row.cells):
                draw_cell(axis, cell, x + (place - (len(table.rows) - 1) / 2) * bar, bar, color, row.label)
        axis.set_xticks(range(len(table.columns)), [column.heading.replace(", ", ",\n") for column in table.columns])
        axis.set_ylim(0, 105)
        _finish(axis, ylabel)
        add_legend(figure, [axis], [f"{who}, {row.label}" for row in table.rows for who in ("ours", "paper")])
        add_caption(figure, " ".join((table.caption, *table.notes)))
        return save_figure(figure, folder, stem)


def source_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw Fig. 6: one bar for each kind of frozen states.

    Args:
        table: from `charbert.reporting.analysis_tables.fig6_embedding_sources`.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.

    Returns:
        The two paths.

    Raises:
        RecordError: if the files cannot be written.
    """
    with panels(1, width=6.4, height=4.1) as (figure, (axis,)):
        for x, row in enumerate(table.rows):
            draw_cell(axis, row.cells[0], x, 0.7, COLORS["BERT" if row.label == "BERT" else "CharBERT"])
        axis.set_xticks(range(len(table.rows)), [row.label for row in table.rows])
        axis.set_ylim(0, 105)
        _finish(axis, f"{table.columns[0].heading} in percent")
        add_legend(figure, [axis])
        add_caption(figure, " ".join((table.caption, *table.notes)))
        return save_figure(figure, folder, stem)


def sensitivity_bars(
    table: Table, sentences: Mapping[str, Mapping[str, Any]], folder: Path | str, stem: str
) -> list[Path]:
    """Draw Fig. 5: each model's sensitivity, and beside it one sentence word by word.

    Args:
        table: from `charbert.reporting.analysis_tables.fig5_sensitivity`.
        sentences: by model, see `charbert.reporting.analysis_tables.shown_sentences`; ``values`` has one list of a
            value per word for each kind of states.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.

    Returns:
        The two paths.

    Raises:
        RecordError: if the files cannot be written.
    """
    words = max((len(sentence["clean"]) for sentence in sentences.values()), default=0)
    count = 2 if sentences else 1
    ratios = [1.0, max(1.4, words / 6)][:count]
    with panels(count, width=4.2 * sum(ratios), height=4.4, ratios=ratios) as (figure, axes):
        for x, row in enumerate(table.rows):
            draw_cell(axes[0], row.cells[0], x, 0.7, COLORS.get(row.label, CYCLE[x % len(CYCLE)]), digits=2)
            _draw_channels(axes[0], dict(zip((c.name for c in table.columns), row.cells, strict=True)), x)
        axes[0].set_xticks(range(len(table.rows)), [row.label for row in table.rows])
        axes[0].set_title("over the test set", fontsize=10)
        _finish(axes[0], "sensitivity S x 100")
        if sentences:
            _draw_sentence(axes[1], sentences)
        add_legend(figure, axes)
        add_caption(figure, " ".join((table.caption, *table.notes)))
        return save_figure(figure, folder, stem)


def _draw_channels(axis: Axes, cells: Mapping[str, Cell], x: float) -> None:
    """Mark the channels by themselves on the bar of both."""
    for name, mark in (("token channel", "^"), ("char channel", "v")):
        mean = cells[name].mean
        if mean is not None and math.isfinite(mean):
            axis.plot(x - 0.22, mean, mark, color=INK, markersize=6, label=f"ours, {name} alone")


def _draw_sentence(axis: Axes, sentences: Mapping[str, Mapping[str, Any]]) -> None:
    for place, (model, sentence) in enumerate(sentences.items()):
        values = [100 * float(value) for value in sentence["values"]["concat"]]
        color = COLORS.get(model, CYCLE[place % len(CYCLE)])
        axis.plot(range(len(values)), values, "o-", color=color, linewidth=1.6, markersize=4.5, label=model)
    shown = next(iter(sentences.values()))
    labels = [
        word if word == noisy else f"{word}\n{noisy}"
        for word, noisy in zip(shown["clean"], shown["noisy"], strict=True)
    ]
    axis.set_xticks(range(len(labels)), labels)
    axis.set_ylim(bottom=0)
    axis.set_title("word by word: as written, below it as attacked", fontsize=10)
    _finish(axis, "100 x (1/2 - 1/2 cos)")
    axis.tick_params(axis="x", labelsize=8, rotation=40)
    for label in axis.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")


def _finish(axis: Axes, ylabel: str) -> None:
    axis.set_ylabel(ylabel)
    axis.tick_params(axis="x", length=0, labelsize=9)
    axis.grid(axis="x", visible=False)
