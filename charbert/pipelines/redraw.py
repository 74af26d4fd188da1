"""Everything that records can be drawn to, drawn anew; nothing is run and no torch is imported."""

from __future__ import annotations

import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.pipelines import analyze, cell_tables, compress, judging_tables, perplexity_tables
from charbert.records import ResultRecord, read_records
from charbert.reporting.figures import loss_curves
from charbert.reporting.layout import write_table
from charbert.reporting.pretraining import pretraining_table
from charbert.reporting.tables import setting

log = logging.getLogger(__name__)

PRETRAINING = "pretraining"
"""Table and figure of the pretraining runs."""


def run(settings: Settings) -> None:
    """Write every table and figure that the records under ``paths.results`` allow.

    Raises:
        RecordError: if there are no records at all.
    """
    folder = Path(settings.paths.results) / "records"
    if not folder.is_dir():
        raise RecordError(f"{folder}: expected a folder of records, got none; run an experiment first")
    cell_tables.draw_all(settings)
    judging_tables.draw_all(settings)
    analyze.draw_all(settings)
    compress.draw(settings)
    perplexity_tables.draw_newest(settings)
    draw_pretraining(settings)


def draw_pretraining(settings: Settings) -> None:
    """Write table and learning curves of the encoders pretrained on the settings' trunk, if there are any."""
    results = Path(settings.paths.results)
    records = read_records(results / "records", kind="pretrain", **{"settings.trunk.name": settings.trunk.name})
    if not records:
        return
    named = {_name(record, records): record for record in sorted(records, key=lambda record: record.finished)}
    write_table(pretraining_table(named), results / "tables", PRETRAINING)
    histories = {name: record.details.get("history", []) for name, record in named.items()}
    if any(name.endswith("lm_loss") for history in histories.values() for entry in history for name in entry):
        caption = f"Recipe {settings.recipe}; trunk {settings.trunk.name}; data {settings.data.name}."
        loss_curves(histories, results / "figures", PRETRAINING, caption=caption)
        log.info("written to %s", results / "figures" / f"{PRETRAINING}.png")


def _name(record: ResultRecord, records: list[ResultRecord]) -> str:
    """Return the model of a run, with its key where the model was pretrained in several ways."""
    model = str(setting(record, "model.name"))
    several = sum(setting(other, "model.name") == model for other in records) > 1
    return f"{model} {record.key}" if several else model
