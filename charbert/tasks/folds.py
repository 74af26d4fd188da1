"""Cross-validation of a benchmark whose training file is not at hand."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

from charbert.config.data import FoldSettings
from charbert.data.readers.squad import Question
from charbert.data.splits import PARTS, check_no_leakage, connect_groups, grouped_folds, normalise_text


class Foldable(Protocol):
    """What a task tells about its examples so that they can be divided; every task of this room does."""

    def texts(self, examples: Sequence[Any]) -> list[str]:
        """Return what makes each example itself."""

    def groups(self, examples: Sequence[Any], articles: Sequence[Question] | None = None) -> Sequence[Hashable]:
        """Return the article or document of each example."""

    def strata(self, examples: Sequence[Any]) -> Sequence[Hashable] | None:
        """Return what should occur alike in all parts, None if nothing."""


def cut_folds(
    task: Foldable,
    examples: Sequence[Any],
    settings: FoldSettings,
    *,
    copies: Mapping[str, Sequence[Any]] | None = None,
    articles: Sequence[Question] | None = None,
) -> dict[str, list[Any]]:
    """Return the train, dev and test examples of one fold, and the test examples of each attacked copy.

    Examples of one article or document, and examples with the same text, are in the same part.

    Args:
        task: knows what the examples have in common.
        examples: all that there are.
        settings: how many folds, and which is the test part.
        copies: attacked copies of all the examples, by name, in the same order.
        articles: questions of the file that ``settings.articles`` names.

    Raises:
        DataError: if a part would share a text or an article with another.
        SettingsError: if there are fewer groups than folds.
    """
    keys = zip(task.groups(examples, articles), task.texts(examples), strict=True)
    groups = connect_groups([[("group", group), ("text", normalise_text(text))] for group, text in keys])
    folds = grouped_folds(groups, settings.number, settings.seed, task.strata(examples))
    chosen = {part: getattr(folds[settings.fold], part) for part in PARTS}
    sets = {part: [examples[index] for index in rows] for part, rows in chosen.items()}
    check_no_leakage(
        {part: task.texts(rows) for part, rows in sets.items()},
        {part: [groups[index] for index in rows] for part, rows in chosen.items()},
    )
    attacked = {name: [rows[index] for index in chosen["test"]] for name, rows in (copies or {}).items()}
    return {**sets, **attacked}
