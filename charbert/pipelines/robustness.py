"""Table 2: one cell of the robustness table, and the table drawn anew from all cells there are."""

from __future__ import annotations

import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.pipelines.cells import comparable_records, finetuning_cell
from charbert.records import ResultRecord
from charbert.reporting.figures import robustness_bars
from charbert.reporting.layout import render_markdown, write_table
from charbert.reporting.tables import table2_robustness

log = logging.getLogger(__name__)


def run(settings: Settings) -> ResultRecord:
    """Return the cell's record, after running it when it is missing, and redraw the table.

    The table is drawn after every cell, so that an interrupted sweep leaves the table of what it finished.
    """
    record = finetuning_cell(settings).finished()
    if record is None:
        from charbert.pipelines import finetune  # torch is imported only when something must be trained

        record = finetune.run(settings)
    draw(settings)
    return record


def draw(settings: Settings) -> None:
    """Write Table 2 and its figure from the finished cells that differ only in model, task and seed."""
    results = Path(settings.paths.results)
    records = comparable_records(settings)
    table = table2_robustness(records)
    write_table(table, results / "tables", "table2_robustness")
    robustness_bars(table, results / "figures", "table2_robustness")
    log.info("written to %s\n\n%s", results / "tables" / "table2_robustness.md", render_markdown(table))
