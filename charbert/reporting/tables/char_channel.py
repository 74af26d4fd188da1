"""How much encoders depend on characters, and how robust they are once fine-tuned: a table of ours and its figure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from charbert.records import ResultRecord, latest_runs
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.render.plot_style import CYCLE, INK, panels, save_figure
from charbert.reporting.tables.scores import describe, metric_cell, row_label

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
_LEARNED = {
    Column("MLM", "perplexity", "eval/mlm_perplexity", higher_is_better=False): 1,
    Column("NLM accuracy,", "known words", "eval/nlm_accuracy_known"): 100,
}
"""Scores of pretraining -> factor from the record's value."""
_ENCODER = ("corpus", "trunk", "model", "noise", "pretraining", "pretraining_seed")
"""Settings that identify the encoder of a record."""
_PREDICTORS = (_MOVED, _MEASURED[-1])
"""Measures of an encoder before fine-tuning that may predict its robustness after it."""
_FEWEST = 3
"""Encoders with both numbers that a rank correlation and the figure need."""


class AttackedScores(NamedTuple):
    """Scores under attack of fine-tuned models on one task."""

    column: Column
    by_model: Mapping[str, Cell]


class _Point(NamedTuple):
    label: str
    known: float
    score: float
    spread: float
    """Standard deviation of the score over seeds, 0 for one."""


def char_channel_table(
    records: Sequence[ResultRecord], pretraining: Sequence[ResultRecord] = (), attacked: AttackedScores | None = None
) -> Table:
    """Return how much encoders depend on characters at initialization and after pretraining; not in the paper.

    Args:
        records: with metrics ``char_channel/{start,pretrained}/*``, the latter where they were pretrained, and
            ``details.texts``, on the same text.
        pretraining: of the encoders' pretraining, for a column of each of its scores.
        attacked: scores under attack, a last column, with its rank correlations with what is known before fine-tuning:
            how far characters move the channels, and the scores of pretraining.
    """
    runs = latest_runs(records, row_label)
    learned = _LEARNED if pretraining else {}
    rows = []
    for label in sorted(runs, key=lambda label: (label != "CharBERT", label)):
        own = runs[label]
        cells = [metric_cell(own, column.metric) for column in _MEASURED]
        trained = [run for record in own for run in _pretraining_of(record, pretraining)]
        cells += [metric_cell(trained, column.metric, scale) for column, scale in learned.items()]
        rows.append(Row(label, (*cells, *((_scores(attacked, label),) if attacked else ()))))
    text = f"{records[0].details['texts']} blocks of held-out text" if records else "No runs yet"
    about = describe(records, text, data=False, seeds=False) if records else text
    table = Table(
        "How much encoders depend on characters",
        (*_MEASURED, *learned, *((attacked.column,) if attacked else ())),
        tuple(rows),
        f"{about}.",
        (
            "Times 100, but for the perplexity. Between subwords: standard deviation of what the first layer reads in "
            "a channel, mean over features. Characters shuffled: how far the last layer's states move when the text's "
            "characters change places, as a share of their size.",
        ),
    )
    return replace(table, notes=(*table.notes, *_correlations(table, (*_PREDICTORS, *learned))))


def robustness_dots(table: Table, folder: Path | str, stem: str) -> list[Path]:
    """Draw, for each pretrained encoder, its score under attack over how far characters move its token channel.

    Scores of several seeds have a bar of their standard deviation.

    Args:
        table: from `char_channel_table`, with scores under attack.

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
            bar: dict[str, Any] = {"ecolor": INK, "capsize": 3, "linewidth": 1.1}
            axis.errorbar(point.known, point.score, point.spread or None, fmt="o", markersize=7, color=CYCLE[0], **bar)
            axis.annotate(point.label, (point.known, point.score), **_beside(point, points))
        axis.margins(0.08)
        axis.set_xlim(right=1.3 * max(point.known for point in points))  # space for the names
        axis.set_xlabel("characters shuffled: token states move by percent of their size")
        axis.set_ylabel(f"{table.columns[-1].heading} in percent")
        spread = "Bars: standard deviation over seeds." if any(point.spread for point in points) else ""
        texts = filter(None, (table.caption, spread, table.notes[1], table.row_legend))  # the first correlation
        return save_figure(figure, folder, stem, " ".join(texts))


def _scores(attacked: AttackedScores, label: str) -> Cell:
    return Cell(attacked.by_model[label].scores) if label in attacked.by_model else Cell()


def _pretraining_of(record: ResultRecord, pretraining: Sequence[ResultRecord]) -> list[ResultRecord]:
    """Return the newest pretraining of a record's encoder; none where it has no record."""
    mine = {name: record.settings[name] for name in _ENCODER if name in record.settings}
    # Settings of what corrects words are among the model's, but do not change the encoder.
    mine["model"] = {name: value for name, value in mine["model"].items() if name not in ("recognizer", "dictionary")}
    matching = [run for run in pretraining if _agree(mine, run.settings)]
    return sorted(matching, key=lambda run: run.finished)[-1:]


def _agree(first: Any, second: Any) -> bool:
    """Return whether settings are equal in all that both have: a record may be older than a setting."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return all(_agree(first[name], second[name]) for name in first.keys() & second.keys())
    return bool(first == second)


def _points(table: Table, known: Column = _MOVED) -> list[_Point]:
    """Return the encoders that have both numbers, one known before fine-tuning and the score under attack."""
    if not table.columns[-1].metric.startswith("attack/"):
        return []
    pairs = [(row.label, row.cells[table.columns.index(known)].mean, row.cells[-1]) for row in table.rows]
    return [
        _Point(label, before, cell.mean, cell.std or 0.0)
        for label, before, cell in pairs
        if before is not None and cell.mean is not None and math.isfinite(before + cell.mean)
    ]


def _correlations(table: Table, predictors: Sequence[Column]) -> list[str]:
    from scipy import stats

    correlations = []
    for column in predictors:
        points = _points(table, column)
        if len(points) >= _FEWEST:
            rho = stats.spearmanr([point.known for point in points], [point.score for point in points]).statistic
            correlations.append(
                f"Rank correlation (Spearman) of {table.columns[-1].heading} with {column.heading}: {rho:.2f}, over "
                f"{len(points)} encoders."
            )
    return correlations


def _beside(point: _Point, points: Sequence[_Point]) -> dict[str, Any]:
    """Return where a point's name is set: to its right, clear of the nearest neighbor's."""
    width, height = (max(values) - min(values) or 1.0 for values in list(zip(*points, strict=True))[1:3])
    near = [
        other
        for other in points
        if other is not point
        and abs(other.known - point.known) < 0.3 * width
        and abs(other.score - point.score) < 0.07 * height
    ]
    down = sum(point.score <= other.score for other in near)
    up = len(near) - down
    align = "center" if up == down else "top" if down > up else "bottom"
    offset = {"center": 0, "top": -2, "bottom": 2}[align]
    text: dict[str, Any] = {"fontsize": 8.5, "color": INK, "va": align, "textcoords": "offset points"}
    return text | {"xytext": (7, offset)}
