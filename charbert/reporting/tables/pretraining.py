"""Cost and final scores of pretraining, one row for each encoder."""

from collections.abc import Mapping

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables.scores import describe

_COLUMNS = {
    Column("subwords seen,", "millions", "training_tokens"): 1e-6,
    Column("hours", "", "wall_seconds"): 1 / 3600,
    Column("MLM", "loss", "eval/mlm_loss", higher_is_better=False): 1,
    Column("MLM", "perplexity", "eval/mlm_perplexity", higher_is_better=False): 1,
    Column("MLM", "accuracy", "eval/mlm_accuracy"): 100,
    Column("NLM", "loss", "eval/nlm_loss", higher_is_better=False): 1,
    Column("NLM", "accuracy", "eval/nlm_accuracy"): 100,
    Column("NLM accuracy,", "known words", "eval/nlm_accuracy_known"): 100,
}
"""Column -> factor from the record's value."""


def pretraining_table(records: Mapping[str, ResultRecord]) -> Table:
    """Return the table of encoders at the end of their pretraining, scored on held-out text.

    Args:
        records: by the row's label.
    """
    rows = tuple(Row(label, tuple(_cells(record))) for label, record in records.items())
    newest = max(records.values(), key=lambda record: record.finished)
    hardware = sorted(
        {f"{record.hardware.get('accelerator') or record.hardware.get('cpu')}" for record in records.values()}
    )
    caption = (
        f"{describe([newest], seeds=False)}. Scores on held-out text; accuracies in percent. On {', '.join(hardware)}."
    )
    note = "Known words: those of the NLM vocabulary. Without them, predicting <unk> for a rare word counts as right."
    return Table("Pretraining", tuple(_COLUMNS), rows, caption, (note,))


def _cells(record: ResultRecord) -> list[Cell]:
    values = {"training_tokens": record.training_tokens, "wall_seconds": record.wall_seconds, **record.metrics}
    return [
        Cell((scale * values[column.metric],) if column.metric in values else ()) for column, scale in _COLUMNS.items()
    ]
