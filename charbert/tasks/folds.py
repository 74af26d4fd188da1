"""Cross-validation of a benchmark whose training file is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

from charbert.config.data.preparation import NearSettings
from charbert.config.data.sets import FoldSettings
from charbert.data.readers.squad import Question
from charbert.data.splits import PARTS, Parts, check_no_leakage, connect_groups, grouped_folds, normalize_text
from charbert.preparation.duplicates import group_similar
from charbert.tasks.rows import own_texts
from charbert.tasks.task import Task


def cut_folds(
    task: Task[Any, Any], examples: Sequence[Any], settings: FoldSettings, *, articles: Sequence[Question] | None = None
) -> list[Parts]:
    """Return which examples are the train, dev and test part of each fold.

    Examples of one article or document, and examples with the same text (or nearly the same, where
    ``settings.near_similarity`` says so), are in the same part. Every example is in the test part of one fold.

    Args:
        settings: how many folds, and from which seed.
        articles: questions of the file that ``settings.articles`` names.

    Raises:
        DataError: if a part would share a text or an article with another.
        SettingsError: if there are fewer groups than folds.
    """
    texts = task.texts(examples)
    near = NearSettings(similarity=settings.near_similarity)
    similar = group_similar(own_texts(task, examples), near) if settings.near_similarity else range(len(texts))
    keys = zip(task.groups(examples, articles), texts, similar, strict=True)
    groups = connect_groups(
        [[("group", own), ("text", normalize_text(text)), ("near", key)] for own, text, key in keys]
    )
    folds = grouped_folds(groups, settings.number, settings.seed, task.strata(examples))
    for fold in folds:
        check_no_leakage(_chosen(fold, texts), _chosen(fold, groups))
    return folds


def take_fold(
    fold: Parts, examples: Sequence[Any], eval_sets: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the examples of the train and dev part, and those of the test part, clean and attacked.

    Args:
        fold: one of those that `cut_folds` returned.
        examples: the clean ones, which ``fold`` counts.
        eval_sets: clean and attacked copies of all the examples, by name, in the same order.
    """
    chosen = _chosen(fold, examples)
    test = {name: [copy[index] for index in fold.test] for name, copy in eval_sets.items()}
    return {part: chosen[part] for part in ("train", "dev")}, test


def tested_examples(folds: Sequence[Parts], eval_sets: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return the examples that the folds test, in the order of the file, clean and attacked."""
    tested = sorted(index for fold in folds for index in fold.test)
    return {name: [copy[index] for index in tested] for name, copy in eval_sets.items()}


def _chosen(fold: Parts, rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {part: [rows[index] for index in getattr(fold, part)] for part in PARTS}
