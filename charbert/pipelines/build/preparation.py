"""Settings to the steps of data preparation, and to prepared training examples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charbert.config.data.preparation import PreparationSettings, PreparationStep
from charbert.config.schema import Settings
from charbert.errors import DataError
from charbert.files import write_atomically
from charbert.preparation.augmentation import Augment, read_synonyms
from charbert.preparation.balance import Balance, class_weights
from charbert.preparation.cleaning import CleanLabels, DropEmpty, DropLengthOutliers, DropUnfit, RepairUnicode
from charbert.preparation.duplicates import DropDuplicates, FindLeakage
from charbert.preparation.out_of_fold import read_probabilities
from charbert.preparation.report import describe_set, listings
from charbert.preparation.steps import Dropped, Outcome, Prepared, Row, Step, StepReport, run_steps
from charbert.preparation.suspicious import FindSuspicious
from charbert.reporting.render.preparation_page import render_report
from charbert.tasks.rows import READING, number_rows, own_texts
from charbert.tasks.task import Task

HeldOut = Mapping[str, Sequence[tuple[str, tuple[str, ...]]]]
"""By set: place and texts of each example."""


def build_step(step: PreparationStep, settings: PreparationSettings, task: Task[Any, Any], held_out: HeldOut) -> Step:
    """Return the step of a setting.

    Args:
        task: the benchmark; it knows its labels.
        held_out: texts that training examples must not repeat.

    Raises:
        DataError: if a file that the settings name is missing or malformed.
        SettingsError: if a package is missing.
    """
    match step:
        case PreparationStep.unicode:
            return RepairUnicode(settings.unicode)
        case PreparationStep.empty:
            return DropEmpty(settings.empty)
        case PreparationStep.labels:
            return CleanLabels(settings.labels, task.label_names)
        case PreparationStep.lengths:
            return DropLengthOutliers(settings.lengths)
        case PreparationStep.duplicates:
            return DropDuplicates(settings.duplicates, settings.near)
        case PreparationStep.leakage:
            return FindLeakage(settings.leakage, settings.near, held_out)
        case PreparationStep.suspicious:
            file = settings.suspicious.probabilities
            return FindSuspicious(settings.suspicious, settings.seed, read_probabilities(file) if file else None)
        case PreparationStep.augmentation:
            file = settings.augmentation.synonyms
            return Augment(settings.augmentation, settings.seed, read_synonyms(file) if file else None)
        case PreparationStep.balance:
            return Balance(settings.balance, settings.seed)


def prepare_rows(
    settings: Settings,
    task: Task[Any, Any],
    rows: Sequence[Row],
    steps: Sequence[PreparationStep],
    *,
    malformed: Sequence[Dropped] = (),
    held_out: HeldOut | None = None,
) -> Prepared:
    """Return rows after the steps and after dropping those that are not valid for the task.

    Raises:
        DataError: if no row is left, or a step refuses the rows.
    """
    chosen = [build_step(step, settings.preparation, task, held_out or {}) for step in steps]
    prepared = run_steps(rows, [*chosen, DropUnfit()], task.adapter, malformed)
    if malformed:
        prepared.reports.insert(0, StepReport.of(READING, Outcome(list(rows), list(malformed))))
    if not prepared.rows:
        last = prepared.dropped[-1]
        raise DataError(
            f"expected examples that are left after preparation={settings.preparation.name}, got none of "
            f"{len(prepared.dropped)}; the last was dropped by {last.step}: {last.place}, {last.reason} {last.detail}"
        )
    return prepared


def held_out_texts(task: Task[Any, Any], sets: Mapping[str, Sequence[Row]]) -> HeldOut:
    """Return places and texts of held-out rows."""
    return {
        name: list(zip([row.place for row in rows], own_texts(task, [row.example for row in rows]), strict=True))
        for name, rows in sets.items()
    }


def write_preparation(folder: Path, report: Mapping[str, Any], prepared: Mapping[str, Prepared]) -> None:
    """Write the report on sets, as Markdown and as JSON, and lists of the examples concerned.

    Args:
        folder: for ``report.md``, ``report.json``, ``dropped.jsonl``, ``changed.jsonl`` and ``findings.jsonl``.
        report: on sets by name, see `describe_set`.
    """
    for name, lines in listings(prepared).items():
        write_atomically(folder / name, lines)
    write_atomically(folder / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "report.md", render_report(report))


@dataclass(frozen=True)
class TrainingPreparation:
    """Training examples prepared for fine-tuning, and the report on it for the record and the run's folder."""

    prepared: Prepared
    report: Mapping[str, Any]

    @property
    def examples(self) -> list[Any]:
        """The examples to train on."""
        return self.prepared.examples

    def write(self, folder: Path) -> None:
        """Write the report and the lists of examples."""
        write_preparation(folder, self.report, {"train": self.prepared})


def prepare_training(
    settings: Settings,
    task: Task[Any, Any],
    rows: Sequence[Row],
    held_out: Mapping[str, Sequence[Any]],
    malformed: Sequence[Dropped] = (),
) -> TrainingPreparation:
    """Return the prepared examples of a training set.

    Args:
        rows: the examples before preparation.
        held_out: examples of the other sets, by name.

    Raises:
        DataError: if a step refuses them, or none is left.
    """
    chosen = settings.preparation
    texts: HeldOut = {}
    if PreparationStep.leakage in chosen.steps:
        texts = held_out_texts(task, {name: number_rows(examples, name) for name, examples in held_out.items()})
    prepared = prepare_rows(settings, task, rows, chosen.steps, malformed=malformed, held_out=texts)
    sets = {"train": describe_set(task.adapter, rows, prepared)}
    report = {"preparation": chosen.name, "task": task.name, "seed": chosen.seed, "sets": sets}
    return TrainingPreparation(prepared, report)


def training_weights(settings: Settings, task: Task[Any, Any], examples: Sequence[Any]) -> list[float] | None:
    """Return the weight of each label in the loss, None if all are equal.

    Raises:
        SettingsError: if the task has no labels.
    """
    labels = [label for example in examples for label in task.adapter.labels(example)]
    return class_weights(labels, task.labels, settings.preparation.class_weights)
