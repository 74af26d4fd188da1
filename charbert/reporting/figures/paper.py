"""Figures of Table 2 and of pretraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.reporting.render import plot_style as style
from charbert.reporting.render.layout import Cell, Row, Table
from charbert.reporting.render.plot_style import CYCLE, INK, panels, row_panels, save_figure
from charbert.reporting.tables.published import ATTACK, ORIGINAL
from charbert.reporting.tables.scores import ON_MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = Sequence[Mapping[str, Any]]
COLORS = {ORIGINAL: "#0072B2", ATTACK: "#E69F00"}
"""Blue and orange of Okabe and Ito, distinct for every kind of color vision and in gray."""
HELD_OUT = "held out"
IN_TRAINING = "in training"
BEHIND: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.35, "zorder": 1}
TOKENS = "num_input_tokens_seen"
EVAL = "eval_"
PANELS = {
    "mlm_loss": "MLM loss",
    "mlm_perplexity": "MLM perplexity",
    "nlm_loss": "NLM loss",
    "nlm_accuracy": "NLM accuracy",
}


def robustness_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw Table 2: a panel for each task, a row for each model, with its score on the original and the attacked set.

    Ours are bars with the standard deviation over seeds, the paper's hollow diamonds. Tasks without a run of
    ours are left out as long as another has one, and so are models without a score in the tasks that are shown.

    Args:
        table: from `table2_robustness`.
    """
    groups = list(dict.fromkeys(column.group for column in table.columns))
    groups = [group for group in groups if _has_runs(table, group)] or groups
    rows = _rows_of(table, groups)
    with row_panels(len(groups), len(rows), marks=2) as (figure, axes):
        for axis, group in zip(axes, groups, strict=True):
            _draw_task(axis, table, rows, group)
        order = [f"{whose}, {condition}" for condition in COLORS for whose in ("ours", "paper")]
        style.add_legend(figure, axes, order)
        # bars have no marks of significance
        notes = [note for note in table.notes if not note.startswith(ON_MARKS)]
        return save_figure(figure, folder, stem, " ".join(filter(None, (table.caption, *notes, table.row_legend))))


def loss_curves(histories: Mapping[str, History], folder: Path | str, stem: str, *, caption: str = "") -> list[Path]:
    """Draw pretraining: MLM loss and perplexity, NLM loss and accuracy against subwords seen.

    Lines with marks are scores on held-out text; those in training are thin and pale behind them, cut off where they
    leave their range. A run that was never evaluated has the scores in training alone. A panel without any scores is
    left out.

    Args:
        histories: run -> its ``details["history"]``: entries with ``num_input_tokens_seen`` (``step``, if no
            run counts subwords) and some of ``mlm_loss``, ``mlm_perplexity``, ``nlm_loss``, ``nlm_accuracy``, in
            training or with ``eval_`` before them.
        caption: set below: recipe and data.
    """
    x_key = TOKENS if any(entry.get(TOKENS) for run in histories.values() for entry in run) else "step"
    chosen = {
        name: title
        for name, title in PANELS.items()
        if any(_points(run, prefix + name, x_key) for run in histories.values() for prefix in ("", EVAL))
    }
    with panels(len(chosen), width=max(5.0, 3.3 * len(chosen)), height=3.2 + 0.08 * len(histories)) as (figure, axes):
        for axis, (name, title) in zip(axes, chosen.items(), strict=True):
            if name == "mlm_perplexity":  # falls from thousands to tens
                _scale_logarithmically(axis)
            _draw_runs(axis, histories, name, x_key)
            axis.set_title(title, fontsize=10)
            axis.set_xlabel("subwords seen, millions" if x_key == TOKENS else "steps")
        axes[0].plot([], [], "-o", color=INK, markersize=4, linewidth=1.4, label=HELD_OUT)
        axes[0].plot([], [], color=INK, **BEHIND, label=IN_TRAINING)
        style.add_legend(figure, axes)
        return save_figure(figure, folder, stem, caption)


def _draw_runs(axis: Axes, histories: Mapping[str, History], name: str, x_key: str) -> None:
    behind = []
    for index, (label, run) in enumerate(histories.items()):
        training, held_out = _points(run, name, x_key), _points(run, EVAL + name, x_key)
        line = {**style.line_look(index), "linewidth": 1.4, "label": label}
        if held_out:
            axis.plot(*zip(*held_out, strict=True), markersize=4, **line)
            behind.append((line["color"], training))
        elif training:
            axis.plot(*zip(*training, strict=True), **{**line, "marker": ""})
    axis.set_ylim(axis.get_ylim())  # training begins far above
    for color, training in behind:
        axis.plot(*zip(*training, strict=True), color=color, **BEHIND)


def _scale_logarithmically(axis: Axes) -> None:
    from matplotlib.ticker import LogFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(LogFormatter())  # 100, not 10 to its second power
    axis.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))


def _points(run: History, name: str, x_key: str) -> list[tuple[float, float]]:
    """Return (x, score) of the entries that have both; a score that is not finite leaves a gap."""
    scale = 1e-6 if x_key == TOKENS else 1.0
    return [(float(e[x_key]) * scale, float(e[name])) for e in run if name in e and e.get(x_key) is not None]


def _has_runs(table: Table, group: str) -> bool:
    at = [index for index, column in enumerate(table.columns) if column.group == group]
    return any(row.cells[index].scores for row in table.rows for index in at)


def _rows_of(table: Table, groups: Sequence[str]) -> Sequence[Row]:
    """Return the rows that have a score in one of the groups; all, where none has."""
    at = [index for index, column in enumerate(table.columns) if column.group in groups]
    return [row for row in table.rows if any(_has_score(row.cells[index]) for index in at)] or table.rows


def _has_score(cell: Cell) -> bool:
    return bool(cell.scores) or cell.published is not None


def _draw_task(axis: Axes, table: Table, rows: Sequence[Row], group: str) -> None:
    columns = [(index, column) for index, column in enumerate(table.columns) if column.group == group]
    bar = 0.8 / len(columns)
    for place, (index, column) in enumerate(columns):
        color = COLORS.get(column.name, CYCLE[place % len(CYCLE)])
        offset = (place - (len(columns) - 1) / 2) * bar
        for y, row in enumerate(rows):
            style.draw_cell(axis, row.cells[index], y + offset, bar, color, column.name, horizontal=True)
    style.name_rows(axis, [row.label for row in rows])
    axis.set_title(group, fontsize=11)
    axis.set_xlabel("percent")
    axis.set_xlim(0, 105)
