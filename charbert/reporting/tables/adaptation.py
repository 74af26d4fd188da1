"""Ways of adapting one encoder compared: weights trained, time, clean and attacked scores."""

from collections.abc import Sequence

from charbert.config.renamed import with_new_names
from charbert.records import ResultRecord, latest_runs
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables.hyper_parameters import varied_hyper_parameters
from charbert.reporting.tables.scores import changed_words_notes, describe, metric_cell, row_label, setting

_FULL = "full"


def adaptation_label(record: ResultRecord) -> str:
    """Return how a record's model was adapted: the strategy, distillation, and the method of training on typos."""
    words = [str(setting(record, "strategy.name") or _FULL)]
    if setting(record, "distillation.enabled"):
        words.append("distillation")
    method = with_new_names(record.settings).get("robust_training", {}).get("method")
    if method not in (None, "none"):
        words.append(str(method).replace("_", "-"))
    return " + ".join(words)


def adaptation_table(records: Sequence[ResultRecord], task: str, metric: str, attack: str) -> Table:
    """Return the table; of two runs of one row and seed the later one counts.

    Runs of a model and a strategy that differ in other settings are rows of their own, named by these settings.

    Args:
        records: that differ in model, seed and in how they were adapted.
        metric: the task's score, as ``f1``.
    """

    def label(record: ResultRecord) -> tuple[str, str]:
        return row_label(record), adaptation_label(record)

    names = {
        record.key: (label(record)[0], ", ".join((label(record)[1], *choice)))
        for record, choice in zip(records, varied_hyper_parameters(records, label), strict=True)
    }
    rows = latest_runs(records, lambda record: names[record.key])
    score = metric if metric != "f1" else "F1"
    columns = (
        Column("trained", "(K)", "", higher_is_better=False),
        Column("minutes", "", "", higher_is_better=False),
        Column(f"{task.upper()} {score}", "original", f"eval/{task}/{metric}"),
        Column(f"{task.upper()} {score}", "attack", f"attack/{task}/{attack}/{metric}"),
    )
    ordered = sorted(rows, key=lambda row: (row[0], not row[1].startswith(_FULL), row[1]))
    drawn = [Row(f"{model}, {how}", _cells(rows[model, how], columns)) for model, how in ordered]
    caption = f"{describe([record for runs in rows.values() for record in runs])}. Scores in percent."
    notes = (*_NOTES, *changed_words_notes(records, columns))
    return Table("Ways of adapting an encoder", columns, tuple(drawn), caption, notes)


_NOTES = (
    "trained: weights that fine-tuning may change, in thousands; minutes: training and scoring, on a machine that may "
    "have run other programs.",
)


def _cells(records: Sequence[ResultRecord], columns: Sequence[Column]) -> tuple[Cell, ...]:
    counts = [record.details["parameters"]["trainable"] / 1e3 for record in records if "parameters" in record.details]
    minutes = [record.wall_seconds / 60 for record in records]
    scores = [metric_cell(records, column.metric) for column in columns[2:]]
    return (Cell(tuple(counts)), Cell(tuple(minutes)), *scores)
