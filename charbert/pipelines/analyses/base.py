"""What all analyses share: run what is missing, record it, and draw the table of all records there are.

Torch is imported only when something must be measured, so that tables and figures are redrawn in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from charbert.config.schema import Settings
from charbert.files import check_writable
from charbert.integrity import checksums
from charbert.pipelines.tables.drawing import TableSpec, draw
from charbert.records import ResultRecord
from charbert.runs.analysis_keys import comparison, finetuned_run
from charbert.runs.run import Run

if TYPE_CHECKING:
    from charbert.training.tracking import TrackedRun


@dataclass(frozen=True)
class Analysis:
    """A figure or study: what identifies its runs, how they are measured, and the table and figures of their records.

    The module of the measurement has a function ``measure(settings, runs)`` that makes the record of every run given.
    """

    module: str
    """Name of the module below `charbert.pipelines.analyses`; it may import torch."""
    runs: Callable[[Settings], Mapping[str, Run]]
    """The runs of one model by what they measure; most analyses have one, under any name."""
    table: TableSpec
    """The table, with its figures, of all records that are compared with the settings' own."""
    prepare: Callable[[Settings], Settings] = lambda settings: settings
    """Fits the settings to the files that there are."""
    check: Callable[[Settings], None] = lambda settings: None
    """Raises a SettingsError where the settings do not fit the analysis."""

    def run(self, settings: Settings) -> list[ResultRecord]:
        """Return the records of the settings' model, after measuring what is missing, and redraw the table.

        The model is pretrained and fine-tuned first where it is missing.

        Another process that measures the same is waited for.

        Raises:
            RecordError: if the record cannot be written, before anything is measured.
            SettingsError: if the settings do not fit the analysis, or there are several processes that train together.
        """
        self.check(settings)
        settings = self.prepare(settings)
        runs = self.runs(settings)
        if self._missing(runs):
            with ExitStack() as stack:
                for run in runs.values():
                    run.check_processes()
                    check_writable(run.record_path.parent)
                    stack.enter_context(run.locked())
                if missing := self._missing(runs):
                    import_module(f"charbert.pipelines.analyses.{self.module}").measure(settings, missing)
        draw(settings, self.table)
        return [record for run in runs.values() if (record := run.finished()) is not None]

    @staticmethod
    def _missing(runs: Mapping[str, Run]) -> dict[str, Run]:
        return {name: run for name, run in runs.items() if not run.is_finished()}


def single(find: Callable[[Settings], Run]) -> Callable[[Settings], Mapping[str, Run]]:
    """Return the runs of an analysis that has one of each model."""
    return lambda settings: {"": find(settings)}


def finetuned(analysis: str) -> Callable[[Settings], Mapping[str, Run]]:
    """Return the runs of an analysis that has one of each fine-tuned model, or baseline."""
    return lambda settings: {"": finetuned_run(settings, analysis)}


@contextmanager
def recorded_analysis(
    settings: Settings, run: Run, analysis: str, files: Sequence[Path]
) -> Iterator[tuple[ResultRecord, TrackedRun]]:
    """Open the record of an analysis, which says what figure it is of and what it is compared with.

    Args:
        run: where the record is written when the body ends.
        analysis: name of the analysis, as in `charbert.runs.analysis_keys`.
        files: that were read, below ``data.root``.
    """
    from charbert.runs.recorder import recorded_run

    with recorded_run(settings, run) as (record, tracked):
        record.details["analysis"] = analysis
        record.details["compared"] = comparison(settings, analysis)
        record.data_checksums = checksums(files, Path(settings.data.root))
        yield record, tracked
