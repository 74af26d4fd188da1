"""Draw the picture of the model: both channels, their interaction (Sec. 3.2-3.4) and the heads (Sec. 3.5-3.6).

python docs/images/draw_model.py
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

INK, GREY = "#222222", "#666666"
TOKEN, CHAR, BOTH, PLAIN = ("#0072B2", "#DCEBF5"), ("#C25400", "#FBE6D8"), ("#00795A", "#DDF1EA"), (GREY, "#F3F3F3")
"""Edge and fill: blue is the token channel, orange the char channel, green what reads both."""
WIDTH, HEIGHT = 100.0, 44.0
"""Of the drawing, in units."""
UNITS = 11.0
"""In an inch."""
TOP, BOTTOM = 33.0, 9.5
"""Middle of each channel."""
MIDDLE = (TOP + BOTTOM) / 2
Colors = tuple[str, str]


def box(
    axis: Axes, x: float, y: float, width: float, height: float, colors: Colors, text: str, small: str = ""
) -> None:
    """Draw a box whose left side is at ``x`` and whose middle is at ``y``, with a name and what it holds."""
    edge, fill = colors
    corner = (x, y - height / 2)
    style = "round,pad=0,rounding_size=0.9"
    axis.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, edgecolor=edge, facecolor=fill, linewidth=1.3))
    lines = small.count("\n") + 1 if small else 0
    middle = x + width / 2
    axis.text(middle, y + 1.0 * lines, text, ha="center", va="center", weight="bold", color=INK)
    if small:
        below = y - 1.1 - 0.85 * text.count("\n")
        axis.text(middle, below, small, ha="center", va="center", fontsize=8.5, color=INK, linespacing=1.3)


def arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """Draw an arrow from ``start`` to ``end``."""
    style = {"arrowstyle": "-|>,head_width=0.25,head_length=0.45", "color": color, "linewidth": 1.5}
    axis.annotate("", xy=end, xytext=start, arrowprops={**style, "shrinkA": 0, "shrinkB": 0})


def pieces(axis: Axes, y: float, texts: list[str], colors: Colors) -> None:
    """Draw the pieces of the example's word in a row that ends where the channel's first box begins."""
    gap = 0.3
    widths = [0.8 * len(text) + 0.65 for text in texts]
    x = 13.4 - sum(widths) - gap * (len(texts) - 1)
    for text, width in zip(texts, widths, strict=True):
        edge, fill = colors
        place = (x, y - 1.35)
        style = "round,pad=0,rounding_size=0.4"
        axis.add_patch(FancyBboxPatch(place, width, 2.7, boxstyle=style, edgecolor=edge, facecolor=fill, linewidth=0.9))
        axis.text(x + width / 2, y, text, ha="center", va="center", family="monospace", fontsize=8, color=INK)
        x += width + gap


def draw_inputs(axis: Axes) -> None:
    """Draw the example's word, and how each channel reads it."""
    axis.text(7.3, MIDDLE, "mispelt", ha="center", va="center", family="monospace", fontsize=11, color=INK)
    for y, texts, colors, name in (
        (TOP, ["mis", "##pel", "##t"], TOKEN, "subwords"),
        (BOTTOM, list("mispelt"), CHAR, "characters"),
    ):
        toward = 1 if y > MIDDLE else -1
        arrow(axis, (7.3, MIDDLE + 1.9 * toward), (7.3, y - 2.0 * toward), GREY)
        pieces(axis, y, texts, colors)
        axis.text(7.3, y + 3.0 * toward, name, ha="center", va="center", fontsize=8.5, color=GREY)
        arrow(axis, (13.9, y), (16.0, y), colors[0])
    box(axis, 16, TOP, 15, 8, TOKEN, "Embeddings", "of subwords")
    box(axis, 16, BOTTOM, 15, 8, CHAR, "Bi-GRU", "over characters,\none state a subword")


def draw_layer(axis: Axes) -> None:
    """Draw what every layer does: the same Transformer layer on both channels, then their interaction."""
    frame = FancyBboxPatch((33.4, 2.6), 41.2, 37.8, boxstyle="round,pad=0,rounding_size=1.2", facecolor="none")
    frame.set(edgecolor=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    axis.add_patch(frame)
    axis.text(54, 42.0, "× L layers", ha="center", va="center", color=GREY, weight="bold")
    for y, colors in ((TOP, TOKEN), (BOTTOM, CHAR)):
        arrow(axis, (31, y), (36, y), colors[0])
        box(axis, 36, y, 12.5, 8, colors, "Transformer\nlayer")
        arrow(axis, (48.5, y), (53, y), colors[0])
    axis.plot([42.25, 42.25], [TOP - 4, MIDDLE + 2.4], color=GREY, linewidth=1.0, linestyle=":")
    axis.plot([42.25, 42.25], [MIDDLE - 2.4, BOTTOM + 4], color=GREY, linewidth=1.0, linestyle=":")
    axis.text(42.25, MIDDLE, "same\nweights", ha="center", va="center", fontsize=8.5, color=GREY)
    box(axis, 53, MIDDLE, 19.5, TOP - BOTTOM + 8, BOTH, "")
    axis.text(62.75, TOP + 1.2, "Heterogeneous\ninteraction", ha="center", va="center", weight="bold", color=INK)
    box(axis, 54.5, MIDDLE + 3.6, 16.5, 7.2, (BOTH[0], "white"), "Fuse", "both channels,\nconvolution, tanh")
    arrow(axis, (62.75, MIDDLE), (62.75, MIDDLE - 4.2), BOTH[0])
    box(axis, 54.5, MIDDLE - 7.8, 16.5, 7.2, (BOTH[0], "white"), "Divide", "add a part to each\nchannel, layer norm")


def draw_heads(axis: Axes) -> None:
    """Draw what reads the last states of the token channel, of both, and of the char channel."""
    for y, colors in ((TOP, TOKEN), (BOTTOM, CHAR)):
        arrow(axis, (72.5, y), (80, y), colors[0])
        toward = 1 if y > MIDDLE else -1
        axis.plot([77, 77], [y, MIDDLE + 1.3 * toward], color=colors[0], linewidth=1.5, solid_capstyle="butt")
        arrow(axis, (76.9, MIDDLE + 1.3 * toward), (80, MIDDLE + 1.3 * toward), colors[0])
    box(axis, 80, TOP, 19, 8, TOKEN, "MLM head", "pretraining:\nmasked subwords")
    box(axis, 80, MIDDLE, 19, 8, BOTH, "Task head", "fine-tuning:\nlabels, tags, answers")
    box(axis, 80, BOTTOM, 19, 8, CHAR, "NLM head", "pretraining:\nword before noise")


def draw() -> Figure:
    """Return the picture."""
    figure = Figure(figsize=(WIDTH / UNITS, HEIGHT / UNITS), dpi=200, facecolor="white")
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axis.axis("off")
    for y, (color, _), name in ((42.0, TOKEN, "token channel"), (2.0, CHAR, "char channel")):
        axis.text(1.0, y, name, ha="left", va="center", weight="bold", fontsize=11, color=color)
    draw_inputs(axis)
    draw_layer(axis)
    draw_heads(axis)
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_name("model.png"), metadata={"Software": None})
