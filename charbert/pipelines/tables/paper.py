"""Tables 1 to 4: one cell run when it is missing, and its table drawn anew from all cells there are."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.tables.significance import row_p_values
from charbert.records import ResultRecord
from charbert.reporting.figures.attack_drop import attack_drop_bars
from charbert.reporting.figures.paper import robustness_bars
from charbert.reporting.figures.summary import draw_summary
from charbert.reporting.render.layout import Table, render_markdown, write_table
from charbert.reporting.tables.paper import TABLE_SPECS, PaperTable, paper_table, table_columns, table_records
from charbert.reporting.tables.run_lists import list_rows, list_runs
from charbert.runs.comparability import comparable_records
from charbert.runs.run import finetuning_run

log = logging.getLogger(__name__)

ROBUSTNESS = "table2_robustness"
ATTACK_DROP = "attack_drop"
"""Figure of the share of the score that each model loses under attack."""


def run(settings: Settings) -> ResultRecord:
    """Return the cell's record, after running it when it is missing, and redraw the experiment's table.

    The table is drawn after every cell, so that an interrupted sweep leaves the table of what it finished. Only
    where a cell was run, W&B gets the table too.
    """
    if settings.experiment not in TABLE_SPECS:
        raise SettingsError(f"experiment={settings.experiment} is no table of cells; known: {', '.join(TABLE_SPECS)}")
    record = finetuning_run(settings).finished()
    if record is not None:
        draw(settings, settings.experiment)
        return record
    from charbert.pipelines.train import finetune  # torch is imported only when something must be trained

    record = finetune.run(settings)
    table = draw(settings, settings.experiment)
    if table is not None:
        _track(settings, table)
    return record


def draw(settings: Settings, stem: str) -> Table | None:
    """Write a table and its figures from the finished cells that belong into it; None where there are none."""
    spec, results = TABLE_SPECS[stem], Path(settings.paths.results)
    records = _records(settings, spec)
    if not records:
        return None
    columns, folder = table_columns(spec, records), results / "records"
    second_baseline_p_values = None
    if name := spec.second_baseline:
        second_baseline_p_values = row_p_values(records, columns, folder, second_baseline=name)
    table = paper_table(
        spec,
        records,
        p_values=row_p_values(records, columns, folder),
        second_baseline_p_values=second_baseline_p_values,
    )
    write_table(table, results / "tables", stem)
    if stem == ROBUSTNESS:
        robustness_bars(table, results / "figures", stem)
        attack_drop_bars(table, results / "figures", ATTACK_DROP)
        draw_summary(table, results)
    log.info("written to %s\n\n%s", results / "tables" / f"{stem}.md", render_markdown(table))
    return table


def draw_all(settings: Settings) -> list[str]:
    """Redraw every table that has cells, and return their stems."""
    return [stem for stem in TABLE_SPECS if draw(settings, stem) is not None]


def _records(settings: Settings, spec: PaperTable) -> list[ResultRecord]:
    if not (Path(settings.paths.results) / "records").is_dir():
        return []
    return table_records(spec, comparable_records(settings, several_trunks=spec.several_trunks))


def _track(settings: Settings, table: Table) -> None:
    """Log the table to W&B, with the runs behind its rows, and its figures, as a run of its own."""
    from charbert.training.tracking import tracking_run

    stem, results = settings.experiment, Path(settings.paths.results)
    records = _records(settings, TABLE_SPECS[stem])
    address = os.environ.get("WANDB_BASE_URL", "https://wandb.ai")
    with tracking_run(
        mode=settings.tracking.mode.name,
        project=settings.tracking.project,
        entity=settings.tracking.entity,
        timeout_seconds=settings.tracking.timeout_seconds,
        folder=Path(settings.paths.outputs),
        group=stem,
        job_type="table",
        name=f"{stem}-{settings.recipe}",
        config={"recipe": settings.recipe, "trunk": settings.trunk.name, "data": settings.data.name},
    ) as tracking:
        tracking.table(f"table/{stem}", *list_rows(table, records))
        tracking.table(f"table/{stem}/runs", *list_runs(table, records, address))
        if stem == ROBUSTNESS:
            for figure in (stem, ATTACK_DROP):
                tracking.image(f"figure/{figure}", results / "figures" / f"{figure}.png")
