"""Settings to examples: a task's splits, and the eval sets that a model is scored on (clean, attacked, noisy)."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from charbert.config.data.noise import AttackSettings
from charbert.config.data.sets import CleanSplit
from charbert.config.schema import Settings
from charbert.data.readers.edit_operations import read_noisy
from charbert.errors import DataError, SettingsError
from charbert.evaluation.metric_paths import DEV
from charbert.evaluation.robustness import changed_share
from charbert.files import shorten_path
from charbert.noise.edits import EditRecord
from charbert.noise.natural import NaturalNoise
from charbert.pipelines.build.data import data_file, task_files
from charbert.pipelines.build.noise import build_attack
from charbert.pipelines.build.preparation import prepare_training
from charbert.seeding import numpy_generator
from charbert.tasks.rows import read_rows
from charbert.tasks.task import Task
from charbert.training.distributed.processes import from_first

log = logging.getLogger(__name__)

FEW_CHANGES = 0.05
"""Share of changed words below which an attack is warned of."""


def read_sets(settings: Settings, task: Task[Any, Any], report: Path | None = None) -> dict[str, list[Any]]:
    """Return the examples of the train, dev and test sets, and of each attacked copy by its name.

    Training examples are prepared where ``preparation.steps`` says so.

    Args:
        report: folder for the report on their preparation; of several processes the first writes it. None: none is
            written.

    Raises:
        DataError: if a file is missing or malformed, a copy does not line up with the test set, or the dev or test
            set has a label that the training set lacks.
    """
    files = task_files(settings)
    paths = {split: data_file(settings, getattr(files, split), f"the {split} set") for split in ("train", "dev")}
    dev = task.read(paths["dev"])
    train = None
    if settings.preparation.steps:
        test = data_file(settings, files.test, "the test set")
        root = Path(settings.data.root)
        held_out = {shorten_path(paths["dev"], root): dev, shorten_path(test, root): task.read(test)}
        rows, malformed = read_rows(task, paths["train"], root)
        preparation = prepare_training(settings, task, rows, held_out, malformed)
        train = preparation.examples
        if report is not None:
            from_first(partial(preparation.write, report))
    train = task.read(paths["train"]) if train is None else train
    _learn_labels(task, train, paths["train"])
    task.check_labels(dev, paths["dev"])
    sets = {"train": train, "dev": dev} | read_test_sets(settings, task)
    _warn_of_same_sets(sets)
    return sets


def read_test_sets(settings: Settings, task: Task[Any, Any], *, learn: bool = False) -> dict[str, list[Any]]:
    """Return the examples of the test set, and of each attacked copy by its name.

    Args:
        learn: learn the labels from these examples (there is no training set) instead of checking them.
    """
    files = task_files(settings)
    test = data_file(settings, files.test, "the test set")
    sets = {"test": task.read(test)}
    if learn:
        _learn_labels(task, sets["test"], test)
    else:
        task.check_labels(sets["test"], test)
    for name, relative in files.attacked.items():
        path = data_file(settings, relative, f"the attacked set {name}")
        sets[name] = task.read(path, attacked=True)
        task.check_aligned(sets["test"], sets[name], path)
    return sets


def _learn_labels(task: Task[Any, Any], examples: Sequence[Any], path: Path) -> None:
    task.learn_labels(examples)
    if len(task.labels) == 1:
        hint = "is task.columns.label, or tag in task.columns.names, the column with the labels?"
        raise DataError.at(path, None, expected="two labels or more", found=f"{task.labels[0]!r} alone", hint=hint)


def _warn_of_same_sets(sets: Mapping[str, list[Any]]) -> None:
    for first, second in (("train", "dev"), ("train", "test"), ("dev", "test")):
        if sets[first] == sets[second]:
            log.warning(
                "the %s set and the %s set have the same examples: their scores do not tell how well the model does on "
                "new text",
                first,
                second,
            )


def attacked_copy(
    settings: Settings, attack: AttackSettings, task: Task[Any, Any], examples: Sequence[Any]
) -> tuple[list[Any], list[list[EditRecord]]]:
    """Return the examples under an attack with unchanged labels, and each one's edits, see `Task.attack`.

    Logs how many of the words have a misspelling, where the attack takes them from lists.

    Raises:
        DataError: if a file of the attack is missing or malformed.
    """
    noise = build_attack(attack, settings.paths.data, whole_words=task.labels_words)
    if attack.spacing and task.labels_words:
        log.info("task=%s: attack.spacing is left out, since each word has a label", task.name)
    attacked, edits = task.attack(examples, noise, attack.seed)
    if isinstance(noise, NaturalNoise):
        words = [word for sentence in task.sentences(examples) for word in sentence]
        log.info(
            "%s: %.1f %% of the words of task=%s have a misspelling, %.1f %% are changed",
            attack.name,
            100 * sum(map(noise.covers, words)) / max(1, len(words)),
            task.name,
            100 * changed_share(task, examples, attacked),
        )
    return attacked, edits


def build_eval_sets(settings: Settings, task: Task[Any, Any], sets: dict[str, list[Any]]) -> dict[str, Sequence[Any]]:
    """Return the clean test set, our attack on it, and every attacked copy made elsewhere, in this order.

    Raises:
        SettingsError: if our attack has the name of a copy.
    """
    copies = {name: sets[name] for name in task_files(settings).attacked}
    if settings.attack.name in copies:
        raise SettingsError(
            f"attack.name={settings.attack.name} is the name of an attacked copy of the test set of "
            f"task={settings.task.name} too, whose scores would stand for both; set attack.name to another name"
        )
    attacked, _ = attacked_copy(settings, settings.attack, task, sets["test"])
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


def build_noisy_sets(
    settings: Settings, task: Task[Any, Any], sets: dict[str, list[Any]]
) -> tuple[dict[str, Sequence[Any]], dict[str, str]]:
    """Return the eval sets and those with noise of other families, and the name of the clean set of each.

    After those of `build_eval_sets` come the families of ``robustness.families`` on the test set, then the noisy
    copies of ``data.sets.TASK.noisy``; the clean dev set is before its first copy. A clean set is its own.

    Args:
        sets: examples of ``test``, of ``dev`` where a copy is of it, and of each attacked copy.

    Raises:
        DataError: if a noisy copy is missing or does not fit its clean set.
    """
    files, eval_sets = task_files(settings), dict(build_eval_sets(settings, task, sets))
    for name, attack in settings.robustness.families.items():
        log.info("making the set %s of %s", name, task.name)
        eval_sets[name], _ = attacked_copy(settings, attack, task, sets["test"])
    clean_of = dict.fromkeys(eval_sets, "clean")
    for name, copy in files.noisy.items():
        path = data_file(settings, copy.operations, f"the noisy copy {name}")
        is_test, split = copy.split is CleanSplit.test, copy.split.name
        clean = "clean" if is_test else DEV
        eval_sets.setdefault(clean, sets[split])
        eval_sets[name] = read_noisy(path, sets[split], getattr(files, split))
        clean_of |= {clean: clean, name: clean}
    return eval_sets, clean_of


def scored_examples(settings: Settings, size: int) -> list[int]:
    """Return the indices, ascending, of those of ``size`` test examples that measurements under noise score.

    A larger ``robustness.max_examples`` adds to the examples of a smaller one.
    """
    limit = settings.robustness.max_examples or size
    order = numpy_generator(settings.attack.seed, "robustness", "examples").permutation(size)
    return sorted(order[:limit].tolist())
