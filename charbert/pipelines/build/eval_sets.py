"""Settings to examples: a task's splits, and the eval sets that a model is scored on (clean, attacked)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from charbert.config.schema import Settings
from charbert.evaluation.robustness import changed_share
from charbert.pipelines.build.data import data_file, task_files
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.build.preparation import TrainingPreparation, prepare_training
from charbert.tasks.task import Task

log = logging.getLogger(__name__)

FEW_CHANGES = 0.05
"""Share of changed words below which an attack is warned of."""


def read_sets(settings: Settings, task: Task[Any, Any]) -> dict[str, list[Any]]:
    """Return the examples of the train, dev and test sets, and of each attacked copy by its name.

    Training examples are prepared where ``preparation.steps`` says so.

    Raises:
        DataError: if a file is missing or malformed, a copy does not line up with the test set, or the dev or test
            set has a label that the training set lacks.
    """
    return read_prepared_sets(settings, task)[0]


def read_prepared_sets(
    settings: Settings, task: Task[Any, Any]
) -> tuple[dict[str, list[Any]], TrainingPreparation | None]:
    """Return the sets as `read_sets` does, and the preparation of the training examples, None if there is none."""
    files = task_files(settings)
    paths = {split: data_file(settings, getattr(files, split), f"the {split} set") for split in ("train", "dev")}
    dev = task.read(paths["dev"])
    preparation = None
    if settings.preparation.steps:
        test = data_file(settings, files.test, "the test set")
        held_out = {paths["dev"]: dev, test: task.read(test)}
        preparation = prepare_training(settings, task, paths["train"], held_out)
    train = task.read(paths["train"]) if preparation is None else preparation.examples
    task.learn_labels(train)
    task.check_labels(dev, paths["dev"])
    return {"train": train, "dev": dev} | read_test_sets(settings, task), preparation


def read_test_sets(settings: Settings, task: Task[Any, Any], *, learn: bool = False) -> dict[str, list[Any]]:
    """Return the examples of the test set, and of each attacked copy by its name.

    Args:
        settings: the experiment's settings.
        task: the benchmark.
        learn: learn the labels from these examples (there is no training set) instead of checking them.
    """
    files = task_files(settings)
    test = data_file(settings, files.test, "the test set")
    sets = {"test": task.read(test)}
    if learn:
        task.learn_labels(sets["test"])
    else:
        task.check_labels(sets["test"], test)
    for name, relative in files.attacked.items():
        path = data_file(settings, relative, f"the attacked set {name}")
        sets[name] = task.read(path, attacked=True)
        task.check_aligned(sets["test"], sets[name], path)
    return sets


def build_eval_sets(settings: Settings, task: Task[Any, Any], sets: dict[str, list[Any]]) -> dict[str, Sequence[Any]]:
    """Return the clean test set, our attack on it, and every attacked copy made elsewhere, in this order."""
    attacked, _ = task.attack(sets["test"], build_attack(settings.attack), settings.attack.seed)
    copies = {name: sets[name] for name in task_files(settings).attacked}
    for name, examples in {settings.attack.name: attacked, **copies}.items():
        share = changed_share(task, sets["test"], examples)
        if share < FEW_CHANGES:
            log.warning(
                "the attack %s changes %.1f %% of the words of task=%s: its scores say little about typos "
                "(our attack leaves words of fewer than attack.min_word_length=%d characters as they are)",
                name,
                100 * share,
                task.name,
                settings.attack.min_word_length,
            )
    return {"clean": sets["test"], settings.attack.name: attacked, **copies}
