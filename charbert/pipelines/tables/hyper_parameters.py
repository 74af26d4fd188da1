"""The table, for each task, of the hyper-parameters that models were fine-tuned with."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from charbert.config.schema import Settings
from charbert.pipelines.tables.drawing import TableSpec
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.hyper_parameters import hyper_parameter_table
from charbert.reporting.tables.scores import setting
from charbert.runs.folders import finished_records


def _on_trunk(settings: Settings) -> list[ResultRecord]:
    return finished_records(settings, kind="finetune", **{"settings.trunk.name": settings.trunk.name})


def _records(settings: Settings) -> list[ResultRecord]:
    return [record for record in _on_trunk(settings) if setting(record, "task.name") == settings.task.name]


def _of_each_task(settings: Settings) -> Iterator[Settings]:
    for name in sorted({str(setting(record, "task.name")) for record in _on_trunk(settings)}):
        yield replace(settings, task=replace(settings.task, name=name))


def _build(settings: Settings, records: Sequence[ResultRecord]) -> Table | None:
    return hyper_parameter_table(records, settings.task.name, str(setting(records[0], "task.metric")))


TABLE = TableSpec(lambda settings: f"hyper_parameters_{settings.task.name}", _records, _build, variants=_of_each_task)
