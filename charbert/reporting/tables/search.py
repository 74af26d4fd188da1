"""A hyper-parameter search as a table and a figure of its trials."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.reporting.render.plot_style import CYCLE, INK, panels, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Trials = Sequence[Mapping[str, Any]]
"""One row a trial: ``trial``, ``state``, ``score``, ``values`` by setting, ``evaluations``, ``seconds``, ``error``."""
STEM = "search"


def render_trials(rows: Trials, metric: str, title: str) -> str:
    """Return the trials in Markdown, the best first, those that ended early or failed last."""
    names = _names(rows)
    lines = [
        f"**{title}**",
        "",
        f"| trial | {metric} | " + " | ".join(f"`{name}`" for name in names) + " | seconds |",
        "|---:|---:|" + "---:|" * (len(names) + 1),
    ]
    for row in sorted(rows, key=_rank):
        score = f"{row['score']:.4f}" if row["score"] is not None else _reason(row)
        values = " | ".join(_text(row["values"].get(name)) for name in names)
        lines.append(f"| {row['trial']} | {score} | {values} | {row['seconds']:.0f} |")
    return "\n".join(lines) + "\n"


def trials_csv(rows: Trials) -> str:
    """Return one line a trial, in their order."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns, table = trials_table(rows)
    writer.writerows([columns, *table])
    return out.getvalue()


def trials_table(rows: Trials) -> tuple[list[str], list[list[Any]]]:
    """Return the names of columns, and one row a trial, in their order."""
    names = _names(rows)
    table = []
    for row in rows:
        values = [row["values"].get(name) for name in names]
        table.append([row["trial"], row["state"], row["score"], *values, round(row["seconds"], 1), row["error"]])
    return ["trial", "state", "score", *names, "seconds", "error"], table


def draw_search(
    rows: Trials,
    importances: Mapping[str, float],
    folder: Path | str,
    *,
    metric: str,
    title: str,
    scales: Mapping[str, str],
) -> list[Path]:
    """Draw the scores in the order of the trials, one panel for each setting, and how much each setting matters.

    Args:
        importances: share of the scores' spread by setting; empty: no panel.
        scales: ``linear``, ``log`` or ``choice`` by setting.
    """
    names = _names(rows)
    count = 1 + len(names) + bool(importances)
    ended = sum(row["state"] == "pruned" for row in rows)
    with panels(count, width=1.0 + 2.7 * count, height=3.2) as (figure, axes):
        _draw_history(axes[0], rows, metric)
        for axis, name in zip(axes[1:], names, strict=False):
            _draw_slice(axis, rows, name, scales[name])
        if importances:
            _draw_importances(axes[-1], importances)
        figure.suptitle(title, fontsize=11)
        caption = f"{len(rows)} trials, {ended} of them ended early (hollow, at their last dev score)."
        return save_figure(figure, folder, STEM, caption)


def _draw_history(axis: Axes, rows: Trials, metric: str) -> None:
    for row in rows:
        _draw_trial(axis, row["trial"], row)
    scored = [row for row in rows if row["score"] is not None]
    best = [max(row["score"] for row in scored[: index + 1]) for index in range(len(scored))]
    axis.step([row["trial"] for row in scored], best, where="post", color=CYCLE[1], label="best so far")
    axis.legend(loc="best", fontsize=8)
    axis.set_xlabel("trial")
    axis.set_ylabel(metric)


def _draw_slice(axis: Axes, rows: Trials, name: str, scale: str) -> None:
    from matplotlib.ticker import NullFormatter

    values = [row["values"].get(name) for row in rows]
    places: list[Any] = values
    if scale == "choice":
        choices = sorted(set(values), key=lambda value: (str(type(value)), value if value is not None else 0))
        axis.set_xticks(range(len(choices)), [_text(value) for value in choices])
        axis.set_xlim(-0.5, len(choices) - 0.5)
        places = [choices.index(value) for value in values]
    else:
        axis.set_xscale(scale)
        axis.xaxis.set_minor_formatter(NullFormatter())
    for place, row in zip(places, rows, strict=True):
        _draw_trial(axis, place, row)
    axis.set_xlabel(name.split(".")[-1])


def _draw_trial(axis: Axes, place: float, row: Mapping[str, Any]) -> None:
    """Draw a score as a dot; a hollow one is the last score of a trial that was ended early."""
    score = row["score"] if row["score"] is not None else next(reversed(row["evaluations"]), None)
    if score is not None:
        fill = CYCLE[0] if row["score"] is not None else "white"
        axis.plot(place, score, "o", markersize=5, color=CYCLE[0], markerfacecolor=fill)


def _draw_importances(axis: Axes, importances: Mapping[str, float]) -> None:
    ranked = sorted(importances.items(), key=lambda item: item[1])
    axis.barh([name.split(".")[-1] for name, _ in ranked], [share for _, share in ranked], color=CYCLE[2])
    axis.set_xlabel("importance", color=INK)
    axis.set_xlim(0, 1)


def _names(rows: Trials) -> list[str]:
    return sorted({name for row in rows for name in row["values"]})


def _rank(row: Mapping[str, Any]) -> tuple[bool, float, int]:
    return row["score"] is None, -(row["score"] or 0.0), row["trial"]


def _reason(row: Mapping[str, Any]) -> str:
    return row["state"] if not row["evaluations"] else f"{row['state']} at {row['evaluations'][-1]:.4f}"


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
