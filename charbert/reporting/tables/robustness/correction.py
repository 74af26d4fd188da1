"""Typo correction: a row for each corrector, up to six scores for each set."""

from collections.abc import Sequence

from charbert.records import ResultRecord, latest_runs
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables.paper import TASK_TITLES
from charbert.reporting.tables.scores import describe, metric_cell

_RATE, _FALSE_ALARMS = "word_error_rate", "false_alarms"
_HEADINGS = {
    _RATE: "WER",
    "precision": "P",
    "recall": "R",
    "reach": "reach",
    "f0.5": "F0.5",
    _FALSE_ALARMS: "false alarms",
}
_NOTHING = "no correction"
_NOTES = (
    "WER: wrong words, in percent of all words. P: changed words that became right, in percent of those changed. R: "
    "noised words restored, in percent of the noised ones. Reach: noised words whose right word is among those that "
    "the correction is chosen from, case aside. F0.5: of P and R. False alarms: clean words changed, per 1,000 clean "
    "words. Case counts.",
)


def correction_table(records: Sequence[ResultRecord]) -> Table:
    """Return the table of correctors measured on the same sets, by name; of a clean set it has false alarms alone.

    Args:
        records: with metrics ``correction/SET/SCORE``, what corrects in ``details.corrector`` and the words of each set
            in ``details.sets``; of two of a corrector and a seed the later one counts.
    """
    first = records[0]
    columns = [
        Column(
            _title(name), heading, f"correction/{name}/{score}", higher_is_better=score not in (_RATE, _FALSE_ALARMS)
        )
        for name in first.details["sets"]
        for score, heading in _HEADINGS.items()
        if score == _FALSE_ALARMS or first.metrics[f"correction/{name}/{_RATE}_before"]
        if any(f"correction/{name}/{score}" in record.metrics for record in records)
    ]
    rows = [Row(_NOTHING, tuple(_given(first, column) for column in columns))]
    for label, runs in sorted(latest_runs(records, lambda record: str(record.details["corrector"])).items()):
        scales = [1 if column.metric.endswith(_FALSE_ALARMS) else 100 for column in columns]
        cells = (metric_cell(runs, column.metric, by) for column, by in zip(columns, scales, strict=True))
        rows.append(Row(label, tuple(cells)))
    words = f"{sum(first.details['sets'].values()):,} words and punctuation marks in all sets"
    return Table("Typo correction", tuple(columns), tuple(rows), f"{describe(records, words, seeds=False)}.", _NOTES)


def _title(name: str) -> str:
    task, _, version = name.partition("/")
    return f"{TASK_TITLES.get(task, task)} {version}"


def _given(record: ResultRecord, column: Column) -> Cell:
    """Return the cell of the text as it is given, which has a word error rate alone."""
    return metric_cell([record], f"{column.metric}_before") if column.metric.endswith(_RATE) else Cell()
