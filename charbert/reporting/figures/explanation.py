"""Figures of an explanation: the text colored by the attribution of each subword and letter, and attention maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charbert.evaluation.explanation import Attribution, ExplainedText, Values
from charbert.reporting.render.heat import ADDS, MAP, TAKES, opacity
from charbert.reporting.render.plot_style import INK, STYLE, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 104
"""Letters on a line of text."""
_GAP = 1
"""Letters between words."""


def attribution_strips(texts: Sequence[ExplainedText], folder: Path | str, stem: str) -> list[Path]:
    """Draw each text once for each output: its subwords, and below them their letters, colored by attribution."""
    import matplotlib
    from matplotlib.figure import Figure

    strips = [(text, attribution) for text in texts for attribution in text.attributions]
    lines = [max(line for line, _, _ in _places(text)) + 1 for text, _ in strips]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11.0, sum(0.72 * number + 0.4 for number in lines) + 0.5), layout="constrained")
        axes = figure.subplots(len(strips), 1, squeeze=False, height_ratios=[number + 0.6 for number in lines])[:, 0]
        for axis, (text, attribution), number in zip(axes, strips, lines, strict=True):
            _draw_strip(axis, text, attribution, number)
        about = "Orange: raises the output; blue: lowers it. Colors are relative to the strongest attribution."
        return save_figure(figure, folder, stem, about)


def attention_grids(texts: Sequence[ExplainedText], folder: Path | str, stem: str) -> list[Path]:
    """Draw the last layer's mean attention of each channel, a text below the other.

    Args:
        texts: what is explained, with attention.
    """
    import matplotlib
    from matplotlib.figure import Figure

    most = max(text.most_attention for text in texts)
    columns = max(len(text.attention) for text in texts)
    side = max(3.6, 0.24 * max(len(text.pieces) for text in texts) + 1.4)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(side * columns + 0.8, side * len(texts) + 0.5), layout="constrained")
        axes = figure.subplots(len(texts), columns, squeeze=False)
        for row, text in zip(axes, texts, strict=True):
            for axis, (name, values) in zip(row, text.attention.items(), strict=True):
                image = _draw_map(axis, f"{name}, {text.heading}", values[-1].mean(0), text, most)
        figure.colorbar(image, ax=axes, label="attention", shrink=0.6, extend="max")
        about = (
            "Mean over the heads of the last layer; a row is the subword that attends. The scale ends at the most that "
            "a subword of a word gets; special ones may get more."
        )
        return save_figure(figure, folder, stem, about)


def _draw_map(axis: Axes, title: str, values: Values, text: ExplainedText, most: float) -> Any:
    names = [piece.text for piece in text.pieces]
    image = axis.imshow(values, cmap=MAP, vmin=0.0, vmax=most)
    named: dict[str, Any] = {"fontsize": 7.5, "parse_math": False}
    axis.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", **named)
    axis.set_yticks(range(len(names)), names, **named)
    axis.set_title(title, fontsize=10)
    axis.grid(False)
    return image


def _places(text: ExplainedText) -> list[tuple[int, float, float]]:
    """Return line, left edge and width of each subword, in letters; words are not broken."""
    widths = [max(len(piece.text), 1.15 * len(piece.characters), 2) + 0.8 for piece in text.pieces]
    places, line, left = [], 0, 0.0
    for place, piece in enumerate(text.pieces):
        starts_word = place == 0 or piece.word is None or piece.word != text.pieces[place - 1].word
        if starts_word:
            left += _GAP if place else 0
            members = [
                widths[other]
                for other in range(place, len(widths))
                if other == place or text.pieces[other].word == piece.word
            ]
            if left and left + sum(members if piece.word is not None else members[:1]) > _LINE:
                line, left = line + 1, 0.0
        places.append((line, left, widths[place]))
        left += widths[place]
    return places


def _draw_strip(axis: Axes, text: ExplainedText, attribution: Attribution, lines: int) -> None:
    letters = [text.character_values(attribution, piece) for piece in text.pieces]
    values = np.concatenate([attribution.subwords, *letters])
    largest = float(np.abs(values).max())
    for piece, value, parts, (line, left, width) in zip(
        text.pieces, attribution.subwords, letters, _places(text), strict=True
    ):
        _box(axis, left, line, width, 0.38, piece.text, float(value), largest, 8.5)
        for place, (letter, part) in enumerate(zip(piece.characters, parts, strict=False)):
            step = width / len(piece.characters)
            _box(axis, left + place * step, line + 0.38, step, 0.34, letter, float(part), largest, 7.5)
    axis.set_xlim(-0.5, _LINE + 1)
    axis.set_ylim(lines - 0.1, -0.15)
    title = f"{text.heading}: {attribution.title}, logit {attribution.output:.2f}"
    axis.set_title(title, fontsize=9.5, loc="left", parse_math=False)
    axis.axis("off")


def _box(
    axis: Axes,
    left: float,
    top: float,
    width: float,
    height: float,
    label: str,
    value: float,
    largest: float,
    size: float,
) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    color = to_rgba(ADDS if value > 0 else TAKES, opacity(value, largest))
    axis.add_patch(Rectangle((left, top), width, height, facecolor=color, edgecolor="#BBBBBB", linewidth=0.5))
    middle = (left + width / 2, top + height / 2)
    axis.text(*middle, label, ha="center", va="center", fontsize=size, color=INK, parse_math=False)
