"""Reliability plots: accuracy by confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charbert.metrics.calibration import ReliabilityBin
from charbert.reporting.render.plot_style import CYCLE, INK, add_legend, panels, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def reliability_plot(
    bins: Mapping[str, Sequence[ReliabilityBin]],
    folder: Path | str,
    stem: str,
    *,
    scaled: Mapping[str, Sequence[ReliabilityBin]],
    notes: Mapping[str, str],
    caption: str,
) -> list[Path]:
    """Draw accuracy against confidence, a panel for each eval set.

    Bars are the accuracy of a bin's decisions, the darker the more of all decisions it holds; a dot is at their mean
    confidence. The dots of a calibrated model are on the diagonal. Empty bins are left out.

    Args:
        scaled: the bins at a fitted temperature, drawn as hollow dots.
        notes: a line for each eval set, above its panel.
    """
    drawn = {name: set_bins for name, set_bins in bins.items() if any(item.count for item in set_bins)}
    with panels(len(drawn), width=max(3.8, 3.3 * len(drawn)), height=4.1, sharey=True) as (figure, axes):
        for axis, (name, set_bins) in zip(axes, drawn.items(), strict=True):
            _draw(axis, set_bins, scaled.get(name, ()))
            heading = "original" if name == "clean" else f"attacked: {name}"
            axis.set_title("\n".join(filter(None, (heading, notes.get(name)))), fontsize=9.5)
            axis.set_xlabel("confidence")
        axes[0].set_ylabel("share that is right")
        add_legend(figure, axes)
        return save_figure(figure, folder, stem, caption)


def _draw(axis: Axes, bins: Sequence[ReliabilityBin], scaled: Sequence[ReliabilityBin]) -> None:
    total = sum(reliability_bin.count for reliability_bin in bins)
    axis.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle="--", label="perfectly calibrated")
    for reliability_bin in bins:
        if reliability_bin.count:
            share = reliability_bin.count / total
            axis.bar(
                reliability_bin.low,
                reliability_bin.accuracy,
                reliability_bin.high - reliability_bin.low,
                align="edge",
                color=CYCLE[0],
                alpha=0.25 + 0.6 * share**0.5,
                edgecolor="white",
                linewidth=0.6,
            )
    for points, face, label in ((bins, CYCLE[1], "mean confidence"), (scaled, "white", "at the fitted temperature")):
        coordinates = [(point.confidence, point.accuracy) for point in points if point.count]
        if coordinates:
            mark: dict[str, Any] = {"color": CYCLE[1], "markerfacecolor": face, "markersize": 4.5}
            axis.plot(*zip(*coordinates, strict=True), "o", label=label, clip_on=False, zorder=3, **mark)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.02)
