"""Every table and figure that records are drawn to, drawn again; nothing is run and no torch is imported."""

from dataclasses import replace
from functools import partial

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.pipelines.analyses import catalog
from charbert.pipelines.analyses.robustness import leaderboard
from charbert.pipelines.analyses.robustness.catalog import NEWEST
from charbert.pipelines.tables import calibration, hyper_parameters, paper, pretraining
from charbert.pipelines.tables.drawing import TableSpec, draw_all
from charbert.runs.analysis_keys import perplexity_records
from charbert.runs.folders import records_folder

TABLES: tuple[TableSpec, ...] = (
    *paper.TABLES.values(),
    calibration.TABLE,
    *(analysis.table for analysis in catalog.ANALYSES),
    *NEWEST.values(),
    replace(catalog.PERPLEXITY.table, records=partial(perplexity_records, newest=True)),
    pretraining.TABLE,
    hyper_parameters.TABLE,
)
"""All tables of the records of a recipe."""


def run(settings: Settings) -> None:
    """Write every table and figure that the records under ``paths.results`` allow.

    Raises:
        RecordError: if there are no records at all, or those of a table cannot be compared; all others are then drawn.
    """
    folder = records_folder(settings)
    if not folder.is_dir():
        raise RecordError(f"{folder}: expected a folder of records, got none; run an experiment first")
    try:
        draw_all(settings, TABLES)
    finally:
        leaderboard.draw(settings)
