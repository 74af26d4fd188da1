"""How much characters tell encoders, and how robust they are once fine-tuned: a table of ours and its picture."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from charbert.records import ResultRecord
from charbert.reporting.canvas import CYCLE, INK, add_caption, panels, save_figure
from charbert.reporting.layout import Cell, Column, Row, Table
from charbert.reporting.tables import row_label, setting

_MOVED = Column("characters shuffled:", "token channel pretrained", "char_channel/pretrained/token_change")
_MEASURED = (
    Column("between subwords:", "token channel at first", "char_channel/start/token_deviation"),
    Column("between subwords:", "char channel at first", "char_channel/start/char_deviation"),
    Column("between subwords:", "char channel pretrained", "char_channel/pretrained/char_deviation"),
    Column("characters shuffled:", "token channel at first", "char_channel/start/token_change"),
    _MOVED,
    Column("characters shuffled:", "char channel at first", "char_channel/start/char_change"),
    Column("characters shuffled:", "char channel pretrained", "char_channel/pretrained/char_change"),
)
_FEWEST = 3
"""Encoders with both numbers from which a rank correlation and a picture say something."""


class AttackedScores(NamedTuple):
    """What fine-tuned models score under attack on one task."""

    column: Column
    by_model: Mapping[str, Cell]


class _Point(NamedTuple):
    label: str
    moved: float
    score: float


def char_channel_table(records: Sequence[ResultRecord], attacked: AttackedScores | None = None) -> Table:
    """Return how much characters tell encoders at their start and after pretraining; the paper has no such table.

    Args:
        records: with metrics ``char_channel/{start,pretrained}/*``, the latter where they were pretrained, and
            ``details.texts``, on the same text.
        attacked: a last column, with the rank correlation between it and how far characters move the token channel.
    """
    runs: dict[str, dict[int, ResultRecord]] = defaultdict(dict)
    for record in sorted(records, key=lambda record: record.finished):
        runs[row_label(record)][record.seed] = record
    rows = []
    for label in sorted(runs, key=lambda label: (label != "CharBERT", label)):
        found = [[run.metrics.get(column.metric) for run in runs[label].values()] for column in _MEASURED]
        cells = [Cell(tuple(100 * score for score in scores if score is not None)) for scores in found]
        rows.append(Row(label, tuple(cells) + ((_scores(attacked, label),) if attacked else ())))
    text = f"{records[0].details['texts']} blocks of held-out text" if records else "No runs yet"
    recipe, trunk = (setting(records[0], name) if records else "none" for name in ("recipe", "trunk.name"))
    table = Table(
        "How much characters tell an encoder",
        (*_MEASURED, attacked.column) if attacked else _MEASURED,
        tuple(rows),
        f"Recipe {recipe}; trunk {trunk}; {text}. Times 100.",
        (
            "Between subwords: standard deviation of what the first layer reads in a channel, mean over features. "
            "Characters shuffled: how far the last layer's states move when the text's characters change places, as a "
            "share of their size.",
        ),
    )
    return replace(table, notes=(*table.notes, *_correlation(table)))


def robustness_dots(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw, for each pretrained encoder, its score under attack over how far characters move its token channel.

    Args:
        table: from `char_channel_table`, with scores under attack.
        folder: where ``stem.png`` and ``stem.svg`` go.
        stem: name of the files.

    Returns:
        The two paths; none where fewer than three encoders have both numbers.

    Raises:
        RecordError: if the files cannot be written.
    """
    points = _points(table)
    if len(points) < _FEWEST:
        return []
    with panels(1, width=6.8, height=4.3) as (figure, (axis,)):
        for point in points:
            axis.plot(point.moved, point.score, "o", markersize=7, color=CYCLE[0])
            axis.annotate(point.label, (point.moved, point.score), **_beside(point, points))
        axis.margins(0.08)
        axis.set_xlim(right=1.3 * max(point.moved for point in points))  # room for the names
        axis.set_xlabel("characters shuffled: token states move by percent of their size")
        axis.set_ylabel(f"{table.columns[-1].heading} in percent")
        add_caption(figure, f"{table.caption} {table.notes[-1]}")
        return save_figure(figure, folder, stem)


def _scores(attacked: AttackedScores, label: str) -> Cell:
    return Cell(attacked.by_model[label].scores) if label in attacked.by_model else Cell()


def _points(table: Table) -> list[_Point]:
    """Return the encoders that have both numbers; none where the last column is no score under attack."""
    if table.columns[-1] in _MEASURED:
        return []
    pairs = [(row.label, row.cells[table.columns.index(_MOVED)].mean, row.cells[-1].mean) for row in table.rows]
    return [
        _Point(label, moved, score)
        for label, moved, score in pairs
        if moved is not None and score is not None and math.isfinite(moved + score)
    ]


def _correlation(table: Table) -> list[str]:
    from scipy import stats

    points = _points(table)
    if len(points) < _FEWEST:
        return []
    rho = stats.spearmanr([point.moved for point in points], [point.score for point in points]).statistic
    return [
        f"Rank correlation (Spearman) of {table.columns[-1].heading} with the token channel's move after pretraining: "
        f"{rho:.2f}, over {len(points)} encoders."
    ]


def _beside(point: _Point, points: Sequence[_Point]) -> dict[str, Any]:
    """Return where a point's name stands: to its right, and out of the way of the nearest neighbour's."""
    width, height = (max(values) - min(values) or 1.0 for values in list(zip(*points, strict=True))[1:])
    near = [
        other
        for other in points
        if other is not point
        and abs(other.moved - point.moved) < 0.3 * width
        and abs(other.score - point.score) < 0.07 * height
    ]
    down = sum(point.score <= other.score for other in near)
    up = len(near) - down
    align = "center" if up == down else "top" if down > up else "bottom"
    offset = {"center": 0, "top": -2, "bottom": 2}[align]
    text: dict[str, Any] = {"fontsize": 8.5, "color": INK, "va": align, "textcoords": "offset points"}
    return text | {"xytext": (7, offset)}
