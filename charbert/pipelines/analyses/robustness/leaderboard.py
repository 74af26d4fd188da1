"""The leaderboard of a recipe, drawn from its records of scores under noise; nothing is run, no torch is imported."""

import json
import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.files import write_atomically
from charbert.pipelines.analyses.robustness.catalog import NEWEST, of_measured_tasks
from charbert.pipelines.tables.drawing import TableSpec
from charbert.reporting.leaderboard.board import TaskScores, build_board, render_leaderboard
from charbert.runs import analysis_keys as keys
from charbert.runs.comparability import comparable_records

log = logging.getLogger(__name__)

DATA, PAGE = "leaderboard.json", "leaderboard_table.html"
"""Names of the files; the second differs from that of the documentation's page about it."""
_SPECS = (NEWEST[keys.ROBUSTNESS], NEWEST[keys.WORST_CASE])


def run(settings: Settings) -> Path:
    """Write `DATA` and `PAGE` under ``paths.results``, and return the page's path.

    Raises:
        RecordError: if no model was scored under noise, or a file cannot be written.
    """
    page = draw(settings)
    if page is None:
        raise RecordError(
            f"{settings.paths.results}: expected records of scores under noise, got none; run "
            "experiments/robustness.py first"
        )
    return page


def draw(settings: Settings) -> Path | None:
    """Write the files as `run` does; return None, and write nothing, where no record belongs into them."""
    scored = (_task_scores(variant, spec) for variant in of_measured_tasks(settings) for spec in _SPECS)
    tasks = [scores for scores in scored if scores is not None]
    if not tasks:
        return None
    board, results = build_board(tasks), Path(settings.paths.results)
    write_atomically(results / DATA, json.dumps(board, indent=1, ensure_ascii=False) + "\n")
    page = results / PAGE
    write_atomically(page, render_leaderboard(board))
    log.info("%s: %d models on %s", page, len(board["models"]), ", ".join(board["title"] for board in board["boards"]))
    return page


def _task_scores(settings: Settings, spec: TableSpec) -> TaskScores | None:
    records = spec.records(settings)
    table = spec.build(settings, records) if records else None
    if table is None:
        return None
    task = settings.task.name
    trained = [record for record in comparable_records(settings) if record.settings["task"]["name"] == task]
    suffix = ", worst edits" if spec is NEWEST[keys.WORST_CASE] else ""
    return TaskScores(task, table, records, trained, suffix)
