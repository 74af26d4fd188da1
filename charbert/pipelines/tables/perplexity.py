"""The table of perplexities, drawn from its records; no torch is imported."""

from __future__ import annotations

import logging
from pathlib import Path

from charbert.config.schema import Settings
from charbert.records import ResultRecord, read_records
from charbert.reporting.render.layout import render_markdown, write_table
from charbert.reporting.tables.perplexity import perplexity_table

log = logging.getLogger(__name__)

KIND = "perplexity"


def draw(settings: Settings, compared: str) -> None:
    """Write the table of all finished encoders that were asked the same."""
    records = _records(settings, **{"details.compared": compared})
    _write(settings, records)


def draw_newest(settings: Settings) -> None:
    """Write the table that belongs to the newest record, where there is one."""
    records = _records(settings)
    if records:
        newest = max(records, key=lambda record: record.finished)
        _write(
            settings, [record for record in records if record.details.get("compared") == newest.details.get("compared")]
        )


def _records(settings: Settings, **filters: str) -> list[ResultRecord]:
    return read_records(Path(settings.paths.results) / "records", kind=KIND, **filters)


def _write(settings: Settings, records: list[ResultRecord]) -> None:
    table = perplexity_table(records)
    folder = Path(settings.paths.results) / "tables"
    write_table(table, folder, KIND)
    log.info("written to %s\n\n%s", folder / f"{KIND}.md", render_markdown(table))
