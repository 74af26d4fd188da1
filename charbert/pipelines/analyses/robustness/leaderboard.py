"""The leaderboard of a recipe, drawn from its records of scores under noise; nothing is run, no torch is imported."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.files import write_atomically
from charbert.pipelines.tables.drawing import of_each_task
from charbert.reporting.leaderboard.board import TaskScores, build_board
from charbert.reporting.leaderboard.page import render_leaderboard
from charbert.reporting.tables.robustness.families import robustness_scores
from charbert.runs.analysis_keys import robustness_records
from charbert.runs.comparability import comparable_records

log = logging.getLogger(__name__)

STEM = "leaderboard"


def run(settings: Settings) -> Path:
    """Write ``leaderboard.json`` and ``leaderboard.html`` under ``paths.results``, and return the page's path.

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
    tasks = [scores for variant in of_each_task(settings) if (scores := _task_scores(variant)) is not None]
    if not tasks:
        return None
    board, results = build_board(tasks), Path(settings.paths.results)
    write_atomically(results / f"{STEM}.json", json.dumps(board, indent=1, ensure_ascii=False) + "\n")
    page = results / f"{STEM}.html"
    write_atomically(page, render_leaderboard(board))
    log.info("%s: %d models on %s", page, len(board["models"]), ", ".join(board["title"] for board in board["boards"]))
    return page


def _task_scores(settings: Settings) -> TaskScores | None:
    records = robustness_records(settings, newest=True)
    if not records:
        return None
    trained = [
        record for record in comparable_records(settings) if record.settings["task"]["name"] == settings.task.name
    ]
    return TaskScores(settings.task.name, robustness_scores(records), records, trained)
