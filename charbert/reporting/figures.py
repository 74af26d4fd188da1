"""Pictures of the tables and of pretraining; matplotlib is loaded only to draw.

Every figure is written as PNG for a README and as SVG that is the same, byte for byte, for the same numbers.
"""

from __future__ import annotations

import io
import itertools
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.errors import RecordError
from charbert.files import write_atomically
from charbert.reporting.layout import Cell, Table
from charbert.reporting.published import ATTACK, ORIGINAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Sequence[Mapping[str, Any]]
COLORS = {ORIGINAL: "#0072B2", ATTACK: "#E69F00"}
"""Blue and orange of Okabe and Ito, apart for every kind of colour vision and in grey."""
TOKENS = "num_input_tokens_seen"
EVAL = "eval_"
PANELS = {"mlm_loss": "MLM loss", "nlm_loss": "NLM loss", "nlm_accuracy": "NLM accuracy"}
INK = "#222222"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.dpi": 160,
    "svg.hashsalt": "charbert",
    "svg.fonttype": "none",
}


def robustness_bars(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw Table 2: per task and model, the score on the original and on the attacked set.

    Ours are bars with the standard deviation over seeds, the paper's hollow diamonds. Tasks without a run of
    ours are left out as long as another has one.

    Args:
        table: from `table2_robustness`.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.

    Returns:
        The two paths.

    Raises:
        RecordError: if the table is empty or the files cannot be written.
    """
    groups = list(dict.fromkeys(column.group for column in table.columns))
    groups = [group for group in groups if _has_runs(table, group)] or groups
    if not groups or not table.rows:
        raise RecordError(
            f"figure {stem}: expected a table with rows and columns, got none; run an experiment"
        )
    width = max(6.4, 0.9 + 0.78 * len(table.rows) * len(groups))
    with _panels(len(groups), width=width, height=4.1, sharey=True) as (figure, axes):
        for axis, group in zip(axes, groups, strict=True):
            _draw_task(axis, table, group)
        axes[0].set_ylabel("score in percent")
        order = [f"{whose}, {condition}" for condition in COLORS for whose in ("ours", "paper")]
        _add_legend(figure, axes, order)
        _add_caption(figure, " ".join((table.caption, *table.notes)))
        return _save(figure, folder, stem)


def loss_curves(
    histories: Mapping[str, History], folder: Path | str, stem: str, *, caption: str = ""
) -> list[Path]:
    """Draw pretraining: MLM loss, NLM loss and NLM accuracy against subwords seen.

    Training is a line, evaluation its dots. A panel that no run has scores for is left out.

    Args:
        histories: run -> its ``details["history"]``: entries with ``num_input_tokens_seen`` (``step``, if no
            run counts subwords) and some of ``mlm_loss``, ``nlm_loss``, ``nlm_accuracy``, in training or with
            ``eval_`` before them.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.
        caption: set below: recipe and data.

    Returns:
        The two paths.

    Raises:
        RecordError: if no run has any of the scores, or the files cannot be written.
    """
    x_key = TOKENS if any(entry.get(TOKENS) for run in histories.values() for entry in run) else "step"
    panels = {
        name: title
        for name, title in PANELS.items()
        if any(_points(run, prefix + name, x_key) for run in histories.values() for prefix in ("", EVAL))
    }
    if not panels:
        raise RecordError(
            f"figure {stem}: expected histories with {', '.join(PANELS)}, got none; pretrain first"
        )
    with _panels(len(panels), width=max(5.0, 3.3 * len(panels)), height=3.2) as (figure, axes):
        for axis, (name, title) in zip(axes, panels.items(), strict=True):
            for color, (label, run) in zip(itertools.cycle(CYCLE), histories.items(), strict=False):
                _draw_run(axis, run, name, x_key, color=color, label=label)
            axis.set_title(title, fontsize=10)
            axis.set_xlabel("subwords seen, millions" if x_key == TOKENS else "steps")
        _add_legend(figure, axes)
        _add_caption(figure, caption)
        return _save(figure, folder, stem)


def _draw_run(axis: Axes, run: History, name: str, x_key: str, *, color: str, label: str) -> None:
    line, dots = _points(run, name, x_key), _points(run, EVAL + name, x_key)
    if line:
        axis.plot(*zip(*line, strict=True), color=color, linewidth=1.6, label=label)
    if dots:
        axis.plot(
            *zip(*dots, strict=True), "o", color=color, markerfacecolor="white", label=f"{label}, held out"
        )


def _points(run: History, name: str, x_key: str) -> list[tuple[float, float]]:
    """Return (x, score) of the entries that have both; a score that is not finite leaves a gap."""
    scale = 1e-6 if x_key == TOKENS else 1.0
    return [(float(e[x_key]) * scale, float(e[name])) for e in run if name in e and e.get(x_key) is not None]


def _has_runs(table: Table, group: str) -> bool:
    at = [index for index, column in enumerate(table.columns) if column.group == group]
    return any(row.cells[index].scores for row in table.rows for index in at)


def _draw_task(axis: Axes, table: Table, group: str) -> None:
    columns = [(index, column) for index, column in enumerate(table.columns) if column.group == group]
    bar = 0.8 / len(columns)
    for place, (index, column) in enumerate(columns):
        color = COLORS.get(column.name, CYCLE[place % len(CYCLE)])
        offset = (place - (len(columns) - 1) / 2) * bar
        for x, row in enumerate(table.rows):
            _draw_cell(axis, row.cells[index], x + offset, bar, color, column.name)
    axis.set_title(group, fontsize=11)
    axis.set_xticks(range(len(table.rows)), [row.label.replace("BERT+", "BERT\n+") for row in table.rows])
    axis.tick_params(axis="x", length=0, labelsize=8.5)
    axis.grid(axis="x", visible=False)
    axis.set_xlim(-0.6, len(table.rows) - 0.4)
    axis.set_ylim(0, 105)


def _draw_cell(axis: Axes, cell: Cell, x: float, width: float, color: str, label: str) -> None:
    if cell.mean is not None and math.isfinite(cell.mean):
        axis.bar(x, cell.mean, 0.94 * width, color=color, label=f"ours, {label}")
        if cell.std is not None:
            axis.errorbar(x, cell.mean, cell.std, color=INK, capsize=3, linewidth=1.1)
        boxed = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        number: dict[str, Any] = {"ha": "center", "fontsize": 7.5, "color": INK, "bbox": boxed}
        axis.annotate(f"{cell.mean:.1f}", (x, 0), (0, 6), textcoords="offset points", **number)
    if cell.published is not None:
        aside = x + 0.26 * width if cell.scores else x  # the error bar stays readable
        hollow: dict[str, Any] = {
            "markerfacecolor": "white",
            "markeredgecolor": color,
            "markeredgewidth": 1.5,
        }
        axis.plot(aside, cell.published, "D", markersize=5.5, label=f"paper, {label}", **hollow)


def _add_legend(figure: Figure, axes: Sequence[Axes], order: Sequence[str] = ()) -> None:
    """Explain each kind of mark once, above the panels, in columns of two that belong together."""
    found: dict[str, Any] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    names = [name for name in order if name in found] or list(found)
    columns = len(names) if len(names) < 4 else math.ceil(len(names) / 2)
    figure.legend([found[name] for name in names], names, loc="outside upper center", ncols=columns)


def _add_caption(figure: Figure, text: str) -> None:
    wrapped = textwrap.fill(text, int(15 * figure.get_figwidth()))
    if wrapped:
        figure.supxlabel(wrapped, fontsize=7.5, color="#444444")


@contextmanager
def _panels(
    count: int, *, width: float, height: float, sharey: bool = False
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a figure of ``count`` panels in our style, sizes in inches.

    It is made without pyplot, so it needs no screen and leaves a notebook's own figures alone.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(figure.subplots(1, count, sharey=sharey, squeeze=False)[0])


def _save(figure: Figure, folder: Path | str, stem: str) -> list[Path]:
    # no date and no version of the library: a redrawn figure differs only if its numbers do
    unsigned = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    paths = []
    for kind, metadata in unsigned.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=metadata)
        paths.append(Path(folder) / f"{stem}.{kind}")
        write_atomically(paths[-1], buffer.getvalue())
    return paths
