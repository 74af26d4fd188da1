"""The style, panels, legends, captions and files of all figures; matplotlib is imported only to draw.

Every figure is written as PNG for a README and as SVG that is the same, byte for byte, for the same numbers.
"""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.files import write_atomically
from charbert.reporting.render.layout import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#222222"
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colors of Okabe and Ito, distinct for every kind of color vision; some are equally dark in gray."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 1)))
MARKS = "osD^vPX*"
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
LINE = 36
"""Letters in a line of a name in a legend or beside a row."""


def on_short_lines(label: str, width: int = 13) -> str:
    """Return the name of a row, broken into lines where it is long, as the label below its bars.

    Args:
        width: letters of a line, where words allow it.
    """
    lines = label.replace("BERT+", "BERT\n+").replace(", ", ",\n").split("\n")
    return "\n".join(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines)


def name_rows(axis: Axes, labels: Sequence[str]) -> None:
    """Name the rows of horizontal bars at the left of the panel, the first row at the top."""
    axis.set_yticks(range(len(labels)), [textwrap.fill(label, LINE, break_on_hyphens=False) for label in labels])
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0, labelsize=9)
    axis.grid(axis="y", visible=False)


def line_look(index: int) -> dict[str, Any]:
    """Return color, dashes and mark of a figure's line, by its number; lines differ in print in gray, too."""
    looks = {"color": CYCLE, "linestyle": DASHES, "marker": MARKS}
    return {name: choices[index % len(choices)] for name, choices in looks.items()}


def draw_cell(
    axis: Axes,
    cell: Cell,
    place: float,
    size: float,
    color: str,
    label: str = "",
    *,
    digits: int = 1,
    horizontal: bool = False,
) -> None:
    """Draw our mean as a bar with its standard deviation, and the paper's score as a hollow diamond.

    Args:
        place: middle of the bar: its x, or its y if it is horizontal.
        label: what the legend calls them, after ``ours`` and ``paper``.
        digits: decimals of the number at the bar's foot.
        horizontal: whether the bar is horizontal, as where there are many models; see `name_rows`.
    """
    whose = {name: f"{name}, {label}" if label else name for name in ("ours", "paper")}

    def at(where: float, score: float) -> tuple[float, float]:
        return (score, where) if horizontal else (where, score)

    if cell.mean is not None and math.isfinite(cell.mean):
        draw_bar, foot = (axis.barh, (4, 0)) if horizontal else (axis.bar, (0, 6))
        draw_bar(place, cell.mean, 0.94 * size, color=color, label=whose["ours"])
        if cell.std is not None:
            spread: dict[str, Any] = {"xerr" if horizontal else "yerr": cell.std}
            axis.errorbar(*at(place, cell.mean), **spread, color=INK, capsize=3, linewidth=1.1)
        boxed = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        aligned = {"ha": "left", "va": "center"} if horizontal else {"ha": "center"}
        number: dict[str, Any] = {"fontsize": 7.5, "color": INK, "bbox": boxed, **aligned}
        axis.annotate(f"{cell.mean:.{digits}f}", at(place, 0), foot, textcoords="offset points", **number)
    if cell.published is not None:
        aside = at(place + 0.26 * size if cell.scores else place, cell.published)  # the error bar stays readable
        hollow: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": color, "markeredgewidth": 1.5}
        axis.plot(*aside, "D", markersize=8.5, color="white")  # a rim on a bar of the same color
        axis.plot(*aside, "D", markersize=5.5, label=whose["paper"], **hollow)


def draw_dot(axis: Axes, cell: Cell, x: float, color: str, label: str = "", *, digits: int = 2) -> None:
    """Draw our mean as a dot with its standard deviation, and the paper's score to its right as a hollow diamond.

    For scores whose differences are small compared with the scores; see `fit_scores` for the axis.

    Args:
        digits: decimals of the numbers above the marks.
    """
    mark: dict[str, Any] = {"color": color, "markeredgecolor": color, "linestyle": "none"}
    number: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 7.5, "color": INK}
    if cell.mean is not None and math.isfinite(cell.mean):
        axis.errorbar(x, cell.mean, cell.std, fmt="o", markersize=7, capsize=3, label=label or "ours", **mark)
        axis.annotate(f"{cell.mean:.{digits}f}", (x, cell.mean + (cell.std or 0.0)), (0, 7), **number)
    if cell.published is not None:
        aside = x + 0.16
        axis.plot(aside, cell.published, "D", markersize=5.5, markerfacecolor="white", markeredgewidth=1.5, **mark)
        axis.annotate(f"{cell.published:.{digits}f}", (aside, cell.published), (0, 7), **number)


def fit_scores(axis: Axes, cells: Sequence[Cell]) -> None:
    """Set the range of the y axis to our scores with their spread and the paper's, with space for the numbers above."""
    finite = [(cell.mean, cell.std or 0.0) for cell in cells if cell.mean is not None and math.isfinite(cell.mean)]
    known = [mean + sign * spread for mean, spread in finite for sign in (-1, 1)]
    known += [cell.published for cell in cells if cell.published is not None]
    if known:
        span = max(1.0, max(known) - min(known))
        axis.set_ylim(min(known) - 0.15 * span, max(known) + 0.2 * span)


def explain_diamond(axis: Axes) -> None:
    """Add one black diamond to the legend for the paper's scores, whatever their color."""
    axis.plot([], [], "D", color=INK, markerfacecolor="white", markersize=5.5, markeredgewidth=1.5, label="paper")


def add_legend(figure: Figure, axes: Sequence[Axes], order: Sequence[str] = ()) -> None:
    """Add a legend of each kind of mark above the panels, in two lines, or in more where the names are long."""
    handle_of: dict[str, Any] = {}
    for axis in axes:
        handles, labels = axis.get_legend_handles_labels()
        handle_of |= dict(zip(labels, handles, strict=True))
    names = [name for name in order if name in handle_of] or list(handle_of)
    columns = len(names) if len(names) < 4 else math.ceil(len(names) / 2)
    texts = [textwrap.fill(name, LINE) for name in names]  # a long name would leave fewer columns
    longest = max((len(line) for text in texts for line in text.splitlines()), default=0)
    fitting = int(10 * figure.get_figwidth()) // (longest + 8)  # ten letters are an inch
    columns = max(1, min(columns, fitting))
    figure.legend([handle_of[name] for name in names], texts, loc="outside upper center", ncols=columns)


@contextmanager
def panels(
    count: int, *, width: float, height: float, sharey: bool = False, ratios: Sequence[float] | None = None
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a figure of ``count`` panels in our style, sizes in inches; ``ratios``: of the panels' widths.

    It is made without pyplot, so it needs no screen and does not appear among a notebook's own figures.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, list(figure.subplots(1, count, sharey=sharey, squeeze=False, width_ratios=ratios)[0])


@contextmanager
def row_panels(count: int, rows: int, *, marks: int) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield a figure of ``count`` panels that share ``rows`` rows of ``marks`` horizontal bars; see `name_rows`.

    Its height grows with the rows, which keeps its letters readable at the width of a page.
    """
    width, height = 2.6 + 2.4 * count, 1.6 + rows * (0.14 + 0.18 * marks)
    with panels(count, width=max(6.4, width), height=height, sharey=True) as drawn:
        yield drawn


def save_figure(figure: Figure, folder: Path | str, stem: str, caption: str) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg`` into a folder and return their paths, as every figure here does.

    Args:
        caption: set below the panels, broken into lines that fit.

    Raises:
        RecordError: if one cannot be written.
    """
    if caption:
        wrapped = textwrap.fill(caption, int(15 * figure.get_figwidth()))
        figure.supxlabel(wrapped, fontsize=7.5, color="#444444")
    # no date and no version of the library: a redrawn figure differs only if its numbers do
    unsigned = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    paths = []
    for kind, metadata in unsigned.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=metadata)
        paths.append(Path(folder) / f"{stem}.{kind}")
        write_atomically(paths[-1], buffer.getvalue())
    return paths
