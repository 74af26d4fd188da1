"""The measurements under noise: what identifies each, and its table and picture."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from charbert.config.data.noise import NoiseFamily
from charbert.config.data.sets import CleanSplit, SetFiles, TaskKind
from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.evaluation.metric_paths import DEV
from charbert.pipelines.analyses.base import Analysis, finetuned, single
from charbert.pipelines.tables.drawing import Figures, TableSpec, of_each_task, of_table
from charbert.records import ResultRecord
from charbert.reporting.figures.noise_curves import noise_curves
from charbert.reporting.figures.noise_matrix import noise_matrix
from charbert.reporting.render.layout import Column, Table
from charbert.reporting.render.row_names import short_label
from charbert.reporting.significance import PValues, row_p_values
from charbert.reporting.tables.robustness.correction import correction_table
from charbert.reporting.tables.robustness.curves import curves_columns, curves_table
from charbert.reporting.tables.robustness.families import robustness_columns, robustness_table
from charbert.reporting.tables.robustness.training_noise import training_noise_rows, training_noise_table
from charbert.reporting.tables.robustness.worst_case import worst_case_columns, worst_case_table
from charbert.reporting.tables.scores import row_label, setting
from charbert.runs import analysis_keys as keys
from charbert.runs.folders import finished_records, records_folder
from charbert.runs.run import of_first_folds

log = logging.getLogger(__name__)


def _without_missing_lists(settings: Settings) -> Settings:
    """Return the settings without families that read a file which generated data do not come with, and say so."""
    families = settings.robustness.families
    folder = settings.paths.data
    kept = {name: own for name, own in families.items() if all(path.is_file() for path in own.files(folder))}
    if not settings.data.generated or len(kept) == len(families):
        return settings
    missing = ", ".join(sorted(families.keys() - kept))
    log.info("without robustness.families %s, whose files are not in paths.data=%s", missing, folder)
    return replace(settings, robustness=replace(settings.robustness, families=kept))


def _check_noisy_sets(settings: Settings) -> None:
    task = settings.task
    files = settings.data.sets.get(task.name, SetFiles())
    where = "data.own.noisy" if settings.data.has_own_files else f"data.sets.{task.name}.noisy"
    if files.noisy and task.kind not in (TaskKind.tagging, TaskKind.pos_tagging):
        raise SettingsError(
            f"{where} must be empty for task={task.name} of kind {task.kind.name}, since it needs tagged words"
        )
    taken = ["clean", DEV, settings.attack.name, *files.attacked]
    for name in settings.robustness.families:
        if name in taken:
            raise SettingsError(
                f"robustness.families.{name} must not use the name of another eval set ({', '.join(taken)}); leave it "
                f"out with ~robustness.families.{name}, or give it another name"
            )
    taken += settings.robustness.families
    for name, copy in files.noisy.items():
        if name in taken:
            raise SettingsError(f"{where} must not use the name of another eval set ({', '.join(taken)}), got {name}")
        if files.folds.number and copy.split is CleanSplit.dev:
            raise SettingsError(f"{where}.{name}.split must be test, since cross-validation reads no dev file, got dev")


def of_measured_tasks(settings: Settings) -> Iterator[Settings]:
    """Return the settings with each task that a model was scored on under noise, and as many folds as were run last."""
    analyses = [keys.ROBUSTNESS, keys.NOISE_CURVES, keys.WORST_CASE]
    records = finished_records(settings, kind=keys.KIND, **{"details.analysis": analyses})
    measured = {str(setting(record, "task.name")): record for record in sorted(records, key=lambda own: own.finished)}
    for variant in of_each_task(settings):
        if (newest := measured.get(variant.task.name)) is not None:
            path = f"data.sets.{variant.task.name}.folds.run_first"
            yield of_first_folds(variant, setting(newest, path) or 0)


def _under_noise(
    module: str,
    analysis: str,
    columns: Callable[[Sequence[ResultRecord]], Sequence[Column]],
    build: Callable[[Sequence[ResultRecord], PValues], Table],
    figures: Figures | None = None,
    **options: Any,
) -> Analysis:
    """Return an analysis of a fine-tuned model, or a baseline, that has a table of each task.

    Args:
        columns: of the table, for tests of significance.
        **options: more of `Analysis`.
    """

    def with_tests(settings: Settings, records: Sequence[ResultRecord]) -> Table:
        return build(records, row_p_values(records, columns(records), records_folder(settings)))

    table = TableSpec(
        lambda settings: f"{analysis}_{settings.task.name}",
        partial(keys.noise_records, analysis=analysis),
        with_tests,
        figures,
        variants=of_measured_tasks,
    )
    return Analysis(f"robustness.{module}", finetuned(analysis), table, **options)


ROBUSTNESS = _under_noise(
    "families",
    keys.ROBUSTNESS,
    robustness_columns,
    robustness_table,
    of_table(noise_matrix),
    prepare=_without_missing_lists,
    check=_check_noisy_sets,
)
"""A fine-tuned model, or a baseline, on families of noise."""


def _training_noise(settings: Settings, records: Sequence[ResultRecord]) -> Table | None:
    families = training_noise_rows(records)
    if all(len(set(map(row_label, rows))) < 2 for rows in families.values()):
        return None  # no family has rows to compare
    p_values: PValues = {}
    for rows in families.values():
        first = row_label(rows[0])
        p_values |= row_p_values(rows, robustness_columns(rows), records_folder(settings), second_baseline=first)
    return training_noise_table(families, p_values)


def _training_noise_matrix(table: Table, records: Sequence[ResultRecord], folder: Path, stem: str) -> None:
    families = training_noise_rows(records).items()
    noise_matrix(
        table, folder, stem, groups={short_label(row_label(rows[0])): short_label(name) for name, rows in families}
    )


TRANSFER = replace(
    ROBUSTNESS,
    table=replace(
        ROBUSTNESS.table,
        stem=lambda settings: f"transfer_{settings.task.name}",
        records=keys.training_noise_records,
        build=_training_noise,
        figures=_training_noise_matrix,
    ),
)
"""The same records by the noise that the models were trained on."""


NOISE_CURVES = _under_noise("curves", keys.NOISE_CURVES, curves_columns, curves_table, noise_curves)
"""A fine-tuned model, or a baseline, against the strength of an attack."""


def _check_searched_edits(settings: Settings) -> None:
    if settings.attack.family is not NoiseFamily.charbert:
        raise SettingsError(
            "worst_case searches the edits of the paper's attack, so attack.family must be charbert, got "
            f"{settings.attack.family.name}; leave out attack={settings.attack.name}"
        )


WORST_CASE = _under_noise(
    "worst_case", keys.WORST_CASE, worst_case_columns, worst_case_table, check=_check_searched_edits
)
"""The edits that hurt a fine-tuned model, or a baseline, most."""

CORRECTION = replace(
    ROBUSTNESS,
    module="robustness.correction",
    runs=single(keys.correction_run),
    table=TableSpec(keys.CORRECTION, keys.correction_records, lambda settings, records: correction_table(records)),
)
"""A dictionary, a word recognizer or an NLM head that corrects typos: words restored and clean words spoiled."""


def _newest(spec: TableSpec) -> TableSpec:
    records: Any = spec.records
    return replace(spec, records=partial(records, newest=True))


NEWEST = {
    keys.ROBUSTNESS: _newest(ROBUSTNESS.table),
    "transfer": _newest(TRANSFER.table),
    keys.NOISE_CURVES: _newest(NOISE_CURVES.table),
    keys.WORST_CASE: _newest(WORST_CASE.table),
    keys.CORRECTION: _newest(CORRECTION.table),
}
"""The tables of the families, strengths and searches that were measured last, whatever the settings ask for."""
