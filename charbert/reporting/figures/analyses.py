"""Figures 4 to 6 and the statistics of Sec. 1 as figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.reporting.render import plot_style as style
from charbert.reporting.render.layout import Cell, Table
from charbert.reporting.render.plot_style import CYCLE, INK, panels, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {"BERT": "#0072B2", "AdvBERT": "#009E73", "CharBERT": "#E69F00", "NLM-BERT": "#CC79A7"}
"""Color of each model in all figures."""
CHANNELS = {"token channel": "^", "char channel": "v"}
"""Marks of the single channels, by column name."""


def split_dots(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw Fig. 4: for all, split and whole words a dot for each model beside the paper's diamond.

    Args:
        table: from `charbert.reporting.tables.analyses.fig4_word_vs_subword`.
    """
    step = 0.8 / max(2, len(table.rows))
    with panels(1, width=6.8, height=4.3) as (figure, (axis,)):
        for place, row in enumerate(table.rows):
            for x, cell in enumerate(row.cells):
                offset = (place - (len(table.rows) - 1) / 2) * step - 0.08
                style.draw_dot(axis, cell, x + offset, _color(row.label, place), row.label)
        axis.set_xticks(range(len(table.columns)), [column.name for column in table.columns])
        axis.set_xlim(-0.5, len(table.columns) - 0.5)
        return _finish_dots(figure, axis, table, folder, stem, [row.label for row in table.rows])


def source_dots(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw Fig. 6: a dot for each kind of frozen states beside the paper's diamond.

    Args:
        table: from `charbert.reporting.tables.analyses.fig6_embedding_sources`.
    """
    with panels(1, width=max(6.8, 1.1 * len(table.rows)), height=4.3) as (figure, (axis,)):
        for x, row in enumerate(table.rows):
            model = row.label if row.label in COLORS else "CharBERT"
            style.draw_dot(axis, row.cells[0], x - 0.08, COLORS[model], model)
        axis.set_xticks(range(len(table.rows)), [style.on_short_lines(row.label) for row in table.rows])
        axis.set_xlim(-0.5, len(table.rows) - 0.5)
        return _finish_dots(figure, axis, table, folder, stem, list(COLORS))


def share_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw the statistics of Sec. 1: one bar for each tokenizer, the paper's share as a diamond.

    Args:
        table: from `charbert.reporting.tables.analyses.intro_fragility`.
    """
    bar = 0.8 / max(1, len(table.rows))
    with panels(1, width=max(6.8, 0.7 * len(table.rows) * len(table.columns)), height=4.1) as (figure, (axis,)):
        for place, row in enumerate(table.rows):
            for x, cell in enumerate(row.cells):
                middle = x + (place - (len(table.rows) - 1) / 2) * bar
                style.draw_cell(axis, cell, middle, bar, CYCLE[place % len(CYCLE)], row.label)
        axis.set_xticks(range(len(table.columns)), [column.heading.replace(", ", ",\n") for column in table.columns])
        axis.set_ylim(0, 105)
        _finish(axis, "share of nouns in percent")
        style.add_legend(figure, [axis], [f"{who}, {row.label}" for row in table.rows for who in ("ours", "paper")])
        return save_figure(figure, folder, stem, " ".join((table.caption, *table.footnotes)))


def sensitivity_bars(
    table: Table, sentences: Mapping[str, Mapping[str, Any]], folder: Path | str, stem: str
) -> list[Path]:
    """Draw Fig. 5: each model's sensitivity, and beside it one sentence word by word.

    Args:
        table: from `charbert.reporting.tables.analyses.fig5_sensitivity`.
        sentences: by model, see `charbert.reporting.tables.analyses.shown_sentences`; ``values`` has one list of a
            value per word for each kind of states.
    """
    words = max((len(sentence["clean"]) for sentence in sentences.values()), default=0)
    count = 2 if sentences else 1
    ratios = [1.0, max(1.4, words / 6)][:count]
    with panels(count, width=4.2 * sum(ratios), height=4.4, ratios=ratios) as (figure, axes):
        for x, row in enumerate(table.rows):
            style.draw_cell(axes[0], row.cells[0], x, 0.7, _color(row.label, x), digits=2)
            _draw_channels(axes[0], dict(zip((c.name for c in table.columns), row.cells, strict=True)), x)
        axes[0].set_xticks(range(len(table.rows)), [row.label for row in table.rows])
        axes[0].set_title("over the test set", fontsize=10)
        _finish(axes[0], "sensitivity S x 100")
        if sentences:
            _draw_sentence(axes[1], sentences)
        style.explain_diamond(axes[0])
        style.add_legend(figure, axes, [*sentences, "paper", *(f"{name} alone" for name in CHANNELS)])
        return save_figure(figure, folder, stem, " ".join((table.caption, *table.footnotes)))


def _draw_channels(axis: Axes, cells: Mapping[str, Cell], x: float) -> None:
    for name, mark in CHANNELS.items():
        mean = cells[name].mean
        if mean is not None and math.isfinite(mean):
            axis.plot(x - 0.22, mean, mark, color=INK, markersize=6, label=f"{name} alone")


def _draw_sentence(axis: Axes, sentences: Mapping[str, Mapping[str, Any]]) -> None:
    for place, (model, sentence) in enumerate(sentences.items()):
        values = [100 * float(value) for value in sentence["values"]["concat"]]
        look = {**style.line_look(place), "color": _color(model, place)}
        axis.plot(range(len(values)), values, **look, linewidth=1.6, markersize=4.5, label=model)
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


def _color(model: str, place: int) -> str:
    return COLORS.get(model, CYCLE[place % len(CYCLE)])


def _finish_dots(
    figure: Figure, axis: Axes, table: Table, folder: Path | str, stem: str, models: Sequence[str]
) -> list[Path]:
    style.fit_scores(axis, [cell for row in table.rows for cell in row.cells])
    _finish(axis, f"{table.columns[0].group} in percent")
    style.explain_diamond(axis)
    style.add_legend(figure, [axis], [*models, "paper"])
    return save_figure(figure, folder, stem, " ".join((table.caption, *table.footnotes)))


def _finish(axis: Axes, ylabel: str) -> None:
    axis.set_ylabel(ylabel)
    axis.tick_params(axis="x", length=0, labelsize=9)
    axis.grid(axis="x", visible=False)
