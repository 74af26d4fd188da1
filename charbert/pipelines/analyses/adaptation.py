"""One encoder adapted in several ways: a cell run when it is missing, and the table drawn anew after each."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

from charbert.config.schema import Settings
from charbert.records import ResultRecord, read_records
from charbert.reporting.render.layout import render_markdown, write_table
from charbert.reporting.tables.adaptation import adaptation_table
from charbert.runs.comparability import comparison_keys, fitting_pretraining
from charbert.runs.run import finetuning_run

log = logging.getLogger(__name__)

_BUDGET = ("epochs", "max_steps", "batch_size", "gradient_accumulation")


def run(settings: Settings) -> ResultRecord:
    """Return the cell's record, after running it when it is missing, and draw the table of all ways there are."""
    record = finetuning_run(settings).finished()
    if record is None:
        from charbert.pipelines.train import finetune  # torch is imported only when something must be trained

        record = finetune.run(settings)
    draw(settings)
    return record


def draw(settings: Settings) -> None:
    """Write the table of the finished cells that differ from the settings' own in model, seed and adaptation only."""
    task, folder = settings.task, Path(settings.paths.results) / "tables"
    table = adaptation_table(adapted_records(settings), task.name, task.metric, settings.attack.name)
    write_table(table, folder, f"adaptation_{task.name}")
    log.info("written to %s\n\n%s", folder / f"adaptation_{task.name}.md", render_markdown(table))


def adapted_records(settings: Settings) -> list[ResultRecord]:
    """Return the finished cells of the settings' task, data, trunk, attack and budget, however they were adapted."""
    keys = comparison_keys(settings)
    budget = {f"settings.finetuning.{name}": getattr(settings.finetuning, name) for name in _BUDGET}
    return read_records(
        Path(settings.paths.results) / "records",
        kind="finetune",
        **{
            "details.comparison.set": keys["set"],
            "details.comparison.pretraining": fitting_pretraining(settings),
            "settings.trunk.name": settings.trunk.name,
            "settings.task.name": settings.task.name,
            "settings.attack": asdict(settings.attack),
            **budget,
        },
    )
