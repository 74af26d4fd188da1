"""One encoder adapted to a task in several ways: one run finished when it is missing, and the table of all."""

from collections.abc import Sequence

from charbert.config.schema import Settings
from charbert.pipelines.tables.drawing import TableSpec, draw
from charbert.records import ResultRecord
from charbert.reporting.render.layout import Table
from charbert.reporting.tables.adaptation import adaptation_table
from charbert.runs.comparability import comparison_keys, fitting_pretraining
from charbert.runs.folders import finished_records
from charbert.runs.run import finetuning_run
from charbert.serialization import json_value

_BUDGET = ("epochs", "max_steps", "batch_size", "gradient_accumulation")


def run(settings: Settings) -> ResultRecord:
    """Return the run's record, after fine-tuning when it is missing, and draw the table of all ways of adaptation."""
    record = finetuning_run(settings).finished()
    if record is None:
        from charbert.pipelines.train import finetune  # torch is imported only when something must be trained

        record = finetune.run(settings)
    draw(settings, TABLE)
    return record


def adapted_records(settings: Settings) -> list[ResultRecord]:
    """Return the finished runs of the settings' task, data, trunk, attack and budget, however they were adapted."""
    keys = comparison_keys(settings)
    budget = {f"settings.finetuning.{name}": getattr(settings.finetuning, name) for name in _BUDGET}
    return finished_records(
        settings,
        kind="finetune",
        **{
            "details.comparison.set": keys["set"],
            "details.comparison.pretraining": fitting_pretraining(settings),
            "settings.trunk.name": settings.trunk.name,
            "settings.task.name": settings.task.name,
            "settings.attack": json_value(settings.attack, "attack"),
            **budget,
        },
    )


def _build(settings: Settings, records: Sequence[ResultRecord]) -> Table:
    return adaptation_table(records, settings.task.name, settings.task.metric, settings.attack.name)


TABLE = TableSpec(lambda settings: f"adaptation_{settings.task.name}", adapted_records, _build)
"""Of the finished runs that differ in model, seed and adaptation only."""
