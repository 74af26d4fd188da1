"""The table of perplexities."""

from __future__ import annotations

from dataclasses import replace

from charbert.config.schema import Settings
from charbert.pipelines.tables.drawing import TableSpec
from charbert.records import ResultRecord
from charbert.reporting.tables.perplexity import perplexity_table
from charbert.runs.analysis_keys import PERPLEXITY, comparison
from charbert.runs.folders import finished_records


def _records(settings: Settings) -> list[ResultRecord]:
    return finished_records(settings, kind=PERPLEXITY, **{"details.compared": comparison(settings, PERPLEXITY)})


def _newest_records(settings: Settings) -> list[ResultRecord]:
    """Return the records that may be compared with the newest one."""
    records = sorted(finished_records(settings, kind=PERPLEXITY), key=lambda record: record.finished)
    return [record for record in records if record.details.get("compared") == records[-1].details.get("compared")]


TABLE = TableSpec(PERPLEXITY, _records, lambda settings, records: perplexity_table(records))
"""Of the encoders that were measured on the same text as the settings'."""
NEWEST = replace(TABLE, records=_newest_records)
"""Of the encoders that were measured last, whatever the settings ask for."""
