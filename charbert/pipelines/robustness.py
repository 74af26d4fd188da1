"""Table 2: one cell of the robustness table, and the table drawn anew from all cells there are."""

from __future__ import annotations

import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.pipelines.cells import finetuning_cell
from charbert.records import ResultRecord, read_records
from charbert.reporting.figures import draw_robustness
from charbert.reporting.tables import robustness_table, write_table

log = logging.getLogger(__name__)


def run(settings: Settings) -> ResultRecord:
    """Return the cell's record, after running it when it is missing, and redraw the table.

    The table is drawn after every cell, so that an interrupted sweep leaves the table of what it finished.
    """
    record = finetuning_cell(settings).finished()
    if record is None:
        from charbert.pipelines import finetune  # torch is imported only when something must be trained

        record = finetune.run(settings)
    draw(Path(settings.paths.results))
    return record


def draw(results: Path) -> None:
    """Write Table 2 and its figure from the records under ``results``."""
    records = read_records(results / "records", kind="finetune")
    table = robustness_table(records)
    write_table(table, results / "tables", "table2_robustness")
    draw_robustness(records, results / "figures", "table2_robustness")
    log.info("Table 2 in %s:\n%s", results / "tables", table.to_markdown())
