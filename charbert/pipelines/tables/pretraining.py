"""The table and the learning curves of pretraining."""

from collections.abc import Sequence
from pathlib import Path

from charbert.config.schema import Settings
from charbert.pipelines.tables.drawing import TableSpec
from charbert.records import ResultRecord
from charbert.reporting.figures.paper import loss_curves
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.hyper_parameters import varied_hyper_parameters
from charbert.reporting.tables.pretraining import pretraining_table
from charbert.reporting.tables.scores import row_label
from charbert.runs.folders import finished_records


def _records(settings: Settings) -> list[ResultRecord]:
    records = finished_records(settings, kind="pretrain", **{"settings.trunk.name": settings.trunk.name})
    return sorted(records, key=lambda record: record.finished)


def _draw_curves(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
    """Draw the losses of the encoders; a record that is older than the history has none."""
    histories = {row.label: record.details.get("history", []) for row, record in zip(table.rows, records, strict=True)}
    if any(name.endswith("lm_loss") for history in histories.values() for entry in history for name in entry):
        about = table.caption.partition(". ")[0]
        loss_curves(histories, folder, stem, caption=f"{about}. {table.row_legend}".strip())


def _row_names(records: Sequence[ResultRecord]) -> list[str]:
    """Return by record its model and the settings in which it differs from others of the model, or else its key."""
    names = [
        ", ".join((row_label(record), *choice))
        for record, choice in zip(records, varied_hyper_parameters(records), strict=True)
    ]
    return [
        f"{name}, {record.key}" if names.count(name) > 1 else name for name, record in zip(names, records, strict=True)
    ]


TABLE = TableSpec(
    "pretraining",
    _records,
    lambda settings, records: pretraining_table(dict(zip(_row_names(records), records, strict=True))),
    _draw_curves,
)
