"""An explanation as one HTML page without scripts or other files, for light and dark screens."""

from collections.abc import Sequence
from html import escape

import numpy as np

from charbert.evaluation.explanation import Attribution, ExplainedText, Piece, Values
from charbert.reporting.render.heat import ADDS, TAKES, css_color, css_scale, map_image

_CELL = 22
"""Pixels of a cell of a labeled map."""
_STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1d1d1f; --quiet: #5c5c66; --line: #d8d8de; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16171a; --ink: #ececf0; --quiet: #a6a6b2; --line: #3b3c44; }
}
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 72rem; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; } h2 { border-top: 1px solid var(--line); font-size: 1.25rem; margin-top: 2.5rem;
  padding-top: 1.25rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, figcaption, .sum { color: var(--quiet); margin: .25rem 0 .5rem; max-width: 60rem; }
.text { display: flex; flex-wrap: wrap; gap: .4rem .15rem; }
.piece { border: 1px solid var(--line); border-radius: 4px; overflow: hidden; text-align: center; }
.piece.first { margin-left: .45rem; }
.piece > span { display: block; padding: .1rem .4rem; }
.piece > .letters { display: flex; padding: 0; } .letters > span { flex: 1; padding: .05rem .2rem; min-width: .6em; }
.letters { border-top: 1px solid var(--line); font-size: .85rem; }
.piece > .value { color: var(--quiet); font-size: .7rem; padding-bottom: .15rem; font-variant-numeric: tabular-nums; }
.legend { align-items: center; display: flex; flex-wrap: wrap; font-size: .9rem; gap: .4rem 1.2rem; margin: .75rem 0; }
.legend i { border: 1px solid var(--line); display: inline-block; height: .9em; margin-right: .4em; width: 1.6em;
  vertical-align: -.1em; }
.legend .scale { width: 8em; }
.maps { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; overflow-x: auto; max-width: 100%; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } img, image { image-rendering: pixelated; }
table { border-spacing: 3px; font-size: .75rem; } th { color: var(--quiet); font-weight: normal; }
td img { display: block; height: 44px; width: 44px; } summary { cursor: pointer; margin: .75rem 0; }
"""


def render_page(title: str, about: str, texts: Sequence[ExplainedText]) -> str:
    """Return the page.

    Args:
        about: which model decided, and how the attributions were computed.
        texts: what is explained, in this order, with one color scale.
    """
    body = "\n".join(_section(text, texts) for text in texts)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n<p>{escape(about)}</p>\n"
        f"{_legend(texts)}\n{body}\n</body>\n</html>\n"
    )


def _legend(texts: Sequence[ExplainedText]) -> str:
    strong = [f"rgba({int(c[1:3], 16)},{int(c[3:5], 16)},{int(c[5:7], 16)},.75)" for c in (ADDS, TAKES)]
    has_letters = any(attribution.characters is not None for text in texts for attribution in text.attributions)
    letters = " Below a subword its letters, as the char channel reads them." if has_letters else ""
    return (
        '<div class="legend">'
        f'<span><i style="background:{strong[0]}"></i>raises the output (+)</span>'
        f'<span><i style="background:{strong[1]}"></i>lowers it (-)</span>'
        f'<span><i class="scale" style="background:{css_scale()}"></i>attention, from 0 to the most that a word gets, '
        f"{max(text.most_attention for text in texts):.2f}</span>"
        f"</div>\n<p>The number below a subword is what it and its letters add to the logit.{letters} Point at a "
        "subword, a letter or a map to read more.</p>"
    )


def _section(text: ExplainedText, texts: Sequence[ExplainedText]) -> str:
    parts = [f"<h2>{escape(text.heading)}</h2>"]
    parts += [_attribution(text, attribution) for attribution in text.attributions]
    if text.attention:
        largest = max(shown_text.most_attention for shown_text in texts)
        maps = "\n".join(_labeled_map(name, maps[-1].mean(0), text, largest) for name, maps in text.attention.items())
        parts.append("<h3>Where the channels look: last layer, mean of its heads</h3>")
        parts.append(
            "<p>A row is the subword that looks, a column the one that is looked at. Special subwords may get more "
            "than the scale shows.</p>"
        )
        parts.append(f'<div class="maps">{maps}</div>')
        parts.append(_all_heads(text))
    return "\n".join(parts)


def _attribution(text: ExplainedText, attribution: Attribution) -> str:
    letters = [text.character_values(attribution, piece) for piece in text.pieces]
    together = [float(value) + float(part.sum()) for value, part in zip(attribution.subwords, letters, strict=True)]
    largest = max((float(np.abs(part).max()) for part in (attribution.subwords, *letters) if len(part)), default=0.0)
    pieces = "\n".join(
        _piece(piece, float(value), part, total, largest, is_first=_is_first(text.pieces, place))
        for place, (piece, value, part, total) in enumerate(
            zip(text.pieces, attribution.subwords, letters, together, strict=True)
        )
    )
    state = f"complete within {100 * attribution.tolerance:g} %" if attribution.is_complete else "NOT complete"
    channels = ""
    if attribution.characters is not None:
        channels = f" Subwords {attribution.subwords.sum():+.2f}, characters {attribution.characters.sum():+.2f}."
    return (
        f"<h3>{escape(attribution.title)}</h3>\n"
        f'<p class="sum">Logit {attribution.output:.2f}; with no word known {attribution.baseline_output:.2f}; the '
        f"attributions add up to {attribution.total:+.2f}, off by {100 * attribution.gap:.2g} % ({state}, "
        f"{attribution.steps} points).{channels}</p>\n"
        f'<div class="text">\n{pieces}\n</div>'
    )


def _is_first(pieces: Sequence[Piece], place: int) -> bool:
    return place > 0 and pieces[place].word != pieces[place - 1].word


def _piece(piece: Piece, value: float, letters: Values, total: float, largest: float, *, is_first: bool) -> str:
    name = escape(piece.text)
    shown = f'<span style="background:{css_color(value, largest)}" title="{name}: {value:+.3f}">{name}</span>'
    if len(letters):
        spans = "".join(
            f'<span style="background:{css_color(float(share), largest)}" title="{escape(letter)}: {share:+.3f}">'
            f"{escape(letter)}</span>"
            for letter, share in zip(piece.characters, letters, strict=True)
        )
        shown += f'<span class="letters">{spans}</span>'
    number = f"{total:+.2f}" if piece.word is not None else "&nbsp;"
    return f'<div class="piece{" first" if is_first else ""}">{shown}<span class="value">{number}</span></div>'


def _labeled_map(name: str, values: Values, text: ExplainedText, largest: float) -> str:
    names = [piece.text for piece in text.pieces]
    margin = 10 + 7 * max(map(len, names))
    side = _CELL * len(names)
    labels = []
    for place, label in enumerate(names):
        middle = margin + _CELL * place + _CELL / 2
        labels.append(f'<text x="{margin - 6}" y="{middle + 4}" text-anchor="end">{escape(label)}</text>')
        turn = f"translate({middle + 4},{margin - 6}) rotate(-90)"
        labels.append(f'<text transform="{turn}">{escape(label)}</text>')
    image = f'<image x="{margin}" y="{margin}" width="{side}" height="{side}" href="{map_image(values, largest)}"/>'
    size = margin + side + 4
    return (
        f'<figure><figcaption>{escape(name)}</figcaption><svg width="{size}" height="{size}" role="img" '
        f'aria-label="attention of the {escape(name)}">{"".join(labels)}{image}</svg></figure>'
    )


def _all_heads(text: ExplainedText) -> str:
    parts = []
    for name, maps in text.attention.items():
        heads = "".join(f"<th>{head + 1}</th>" for head in range(maps.shape[1]))
        rows = []
        for number, layer in enumerate(maps):
            images = "".join(
                f'<td><img alt="" title="{escape(name)}, layer {number + 1}, head {head + 1}: most {values.max():.2f}" '
                f'src="{map_image(values, float(values.max()))}"></td>'
                for head, values in enumerate(layer)
            )
            rows.append(f"<tr><th>layer {number + 1}</th>{images}</tr>")
        parts.append(f"<h3>{escape(name)}</h3><table><tr><th>head</th>{heads}</tr>{''.join(rows)}</table>")
    return (
        "<details><summary>Every head of every layer</summary><p>Each map from none to its own most.</p>"
        f"{''.join(parts)}</details>"
    )
