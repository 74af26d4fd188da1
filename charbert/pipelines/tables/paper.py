"""Tables 1 to 4: one run finished when it is missing, and its table drawn again from all finished runs."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.files import locked
from charbert.pipelines.tables.drawing import TableSpec, draw
from charbert.records import ResultRecord, settings_key
from charbert.reporting.figures.attack_drop import attack_drop_bars
from charbert.reporting.figures.paper import robustness_bars
from charbert.reporting.figures.summary import draw_summary
from charbert.reporting.render.layout import Table
from charbert.reporting.significance import row_p_values
from charbert.reporting.tables.paper import TABLE_SPECS, PaperTable, paper_table, table_columns, table_records
from charbert.reporting.tables.run_lists import list_rows, list_runs
from charbert.reporting.tables.scores import runs_of
from charbert.runs.comparability import comparable_records
from charbert.runs.ending import show_at_end
from charbert.runs.folders import records_folder
from charbert.runs.run import finetuning_run
from charbert.serialization import json_value

ROBUSTNESS = "table2_robustness"
ATTACK_DROP = "attack_drop"
"""Figure of the share of the score that each model loses under attack."""


def _records(spec: PaperTable, settings: Settings) -> list[ResultRecord]:
    return table_records(spec, comparable_records(settings, several_trunks=spec.several_trunks))


def _build(spec: PaperTable, settings: Settings, records: Sequence[ResultRecord]) -> Table:
    p_values = partial(row_p_values, records, table_columns(spec, records), records_folder(settings))
    second = p_values(second_baseline=spec.second_baseline) if spec.second_baseline else None
    return paper_table(spec, records, p_values=p_values(), second_baseline_p_values=second)


def _draw_robustness(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
    robustness_bars(table, folder, stem)
    attack_drop_bars(table, folder, ATTACK_DROP)
    draw_summary(table, folder.parent)


TABLES = {
    stem: TableSpec(
        stem, partial(_records, spec), partial(_build, spec), _draw_robustness if stem == ROBUSTNESS else None
    )
    for stem, spec in TABLE_SPECS.items()
}
"""By name of the experiment."""
_models: dict[str, Path] = {}
"""Folder of the first model of each task that this process made or found."""


def run(settings: Settings) -> ResultRecord:
    """Return the run's record, after fine-tuning and scoring it when it is missing, and redraw the experiment's table.

    The table is drawn after every run, so that an interrupted sweep has the table of what it finished. W&B gets the
    table only where something was run.

    Raises:
        SettingsError: if the experiment is not one of Tables 1 to 4.
        RecordError: before a training whose row has a run of another model with its seed.
    """
    if settings.experiment not in TABLES:
        raise SettingsError(f"experiment={settings.experiment} draws none of the tables {', '.join(TABLES)}")
    spec = TABLES[settings.experiment]
    record = finetuning_run(settings).finished()
    if record is not None:
        draw(settings, spec)
        _show_next(settings)
        return record
    _check_row(settings, spec)
    from charbert.pipelines.train import finetune  # torch is imported only when something must be trained

    record = finetune.run(settings)
    table = draw(settings, spec)
    _show_next(settings)
    if table is not None:
        _track(settings, table, spec.records(settings))
    return record


def _check_row(settings: Settings, spec: TableSpec) -> None:
    run, path = finetuning_run(settings), f"eval/{settings.task.name}/{settings.task.metric}"
    plain = json_value(asdict(settings), "settings")
    planned = ResultRecord("finetune", settings.experiment, run.name, run.key, plain, settings.seed, {path: 0.0})
    runs_of([*spec.records(settings), planned], [path])


def _show_next(settings: Settings) -> None:
    """Show two commands that use the model, beside the sweep's first one on the task; a baseline has none to use."""
    model = finetuning_run(settings).model_folder
    if not model.is_dir():
        return
    first = _models.setdefault(settings.task.name, model)
    given, first_given = shlex.quote(str(model)), shlex.quote(str(first))
    compared = "" if first == model else f" --compare {first_given}"
    command = f"{shlex.quote(sys.orig_argv[0])} -m charbert"
    show_at_end(
        "next",
        "\nnext, with texts that you type, or on a page in the browser:\n"
        f"  {command} predict {given} --readable\n  {command} serve {given}{compared}\n",
    )


def _track(settings: Settings, table: Table, records: Sequence[ResultRecord]) -> None:
    """Log the table to W&B, with the runs behind its rows, and its figures, in place of the one logged before."""
    from charbert.runs.tracking import open_tracking

    stem, results, outputs = settings.experiment, Path(settings.paths.results), Path(settings.paths.outputs)
    config = {"recipe": settings.recipe, "trunk": settings.trunk.name, "data": settings.data.name}
    run_id = f"{stem}-{settings_key(config)}"
    with (
        locked(outputs / "locks" / f"{run_id}.lock", f"sending the table {stem} to W&B"),
        open_tracking(settings, "table", f"{stem}-{settings.recipe}", config, run_id=run_id) as tracking,
    ):
        tracking.table(f"table/{stem}", *list_rows(table, records))
        tracking.table(f"table/{stem}/runs", *list_runs(table, records, tracking.server))
        if stem == ROBUSTNESS:
            for figure in (stem, ATTACK_DROP):
                tracking.image(f"figure/{figure}", results / "figures" / f"{figure}.png")
