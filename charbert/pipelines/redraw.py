"""Everything that records can be drawn to, drawn anew; nothing is run and no torch is imported."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.pipelines.analyses import base, compress
from charbert.pipelines.tables import calibration, paper, perplexity
from charbert.records import ResultRecord, read_records
from charbert.reporting.figures.paper import loss_curves
from charbert.reporting.render.layout import write_table
from charbert.reporting.tables.hyper_parameters import hyper_parameter_table, varied_hyper_parameters
from charbert.reporting.tables.pretraining import pretraining_table
from charbert.reporting.tables.scores import row_label, setting

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
    paper.draw_all(settings)
    calibration.draw_all(settings)
    base.draw_all(settings)
    compress.draw(settings)
    perplexity.draw_newest(settings)
    draw_pretraining(settings)
    draw_hyper_parameters(settings)


def draw_pretraining(settings: Settings) -> None:
    """Write table and learning curves of the encoders pretrained on the settings' trunk, if there are any."""
    results = Path(settings.paths.results)
    records = read_records(results / "records", kind="pretrain", **{"settings.trunk.name": settings.trunk.name})
    if not records:
        return
    records = sorted(records, key=lambda record: record.finished)
    named = dict(zip(_names(records), records, strict=True))
    write_table(pretraining_table(named), results / "tables", PRETRAINING)
    histories = {name: record.details.get("history", []) for name, record in named.items()}
    if any(name.endswith("lm_loss") for history in histories.values() for entry in history for name in entry):
        caption = f"Recipe {settings.recipe}; trunk {settings.trunk.name}; data {settings.data.name}."
        loss_curves(histories, results / "figures", PRETRAINING, caption=caption)
        log.info("written to %s", results / "figures" / f"{PRETRAINING}.png")


def draw_hyper_parameters(settings: Settings) -> None:
    """Write, for each task on which a model was fine-tuned in several ways, the table of what was tried."""
    results = Path(settings.paths.results)
    records = read_records(results / "records", kind="finetune", **{"settings.trunk.name": settings.trunk.name})
    for task in sorted({str(setting(record, "task.name")) for record in records}):
        of_task = [record for record in records if setting(record, "task.name") == task]
        table = hyper_parameter_table(of_task, task, str(setting(of_task[0], "task.metric")))
        if table is not None:
            write_table(table, results / "tables", f"choices_{task}")


def _names(records: Sequence[ResultRecord]) -> list[str]:
    """Return the model of each run, with what tells it from others of that model; at last, its key."""
    names = [
        ", ".join((row_label(record), *choice))
        for record, choice in zip(records, varied_hyper_parameters(records), strict=True)
    ]
    return [
        f"{name}, {record.key}" if names.count(name) > 1 else name for name, record in zip(names, records, strict=True)
    ]
