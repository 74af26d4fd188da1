"""Splits a set into train, dev and test parts, and checks that parts share no text."""

import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedGroupKFold

from charbert.errors import DataError, SettingsError
from charbert.text.codepoints import without_case

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class Parts:
    """Indices of the examples in each part, ascending; every example is in one part."""

    train: tuple[int, ...]
    dev: tuple[int, ...]
    test: tuple[int, ...]


def connect_groups(keys: Sequence[Sequence[Hashable]]) -> list[int]:
    """Return a group for each example, such that examples with a key in common, directly or through others,
    are in the same group.

    Args:
        keys: of each example, such as its article and its normalized text.
    """
    names: dict[Hashable, int] = {}
    pairs = [(row, names.setdefault(key, len(names))) for row, own in enumerate(keys) for key in own]
    size = len(keys) + len(names)
    rows = np.array([row for row, _ in pairs], dtype=np.int64)
    columns = np.array([len(keys) + name for _, name in pairs], dtype=np.int64)
    graph = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(size, size))
    _, components = connected_components(graph, directed=False)
    _, first_seen = np.unique(components[: len(keys)], return_inverse=True)
    return [int(group) for group in first_seen]


def grouped_folds(
    groups: Sequence[Hashable], folds: int, seed: int, labels: Sequence[Hashable] | None = None
) -> list[Parts]:
    """Return cross-validation parts that never divide a group; with ``labels`` their shares stay alike too.

    Each fold is the test part once, the next fold the dev part, the others the train part.

    Args:
        groups: the group of each example, e.g. its article.
        folds: how many, 3 or more and at most as many as there are groups.

    Raises:
        SettingsError: if ``folds`` is out of range.
    """
    names = _as_ids(groups)
    _check_folds(folds, len(set(names.tolist())))
    if labels is None:
        splitter = GroupKFold(folds, shuffle=True, random_state=_sklearn_seed(seed))
        split = splitter.split(names, groups=names)
    else:
        stratified = StratifiedGroupKFold(folds, shuffle=True, random_state=_sklearn_seed(seed))
        split = stratified.split(names, _as_ids(labels), groups=names)
    return _rotate([test for _, test in split])


def leave_one_out(groups: Sequence[Hashable]) -> list[Parts]:
    """Return one division for each group: it is the test part, the next group the dev part, the others train.

    Plain leave-one-out is this with a group for each example: ``leave_one_out(range(n))``.

    Raises:
        SettingsError: if there are fewer than 3 groups.
    """
    names = _as_ids(groups)
    _check_folds(len(set(names.tolist())), len(names))
    return _rotate([test for _, test in LeaveOneGroupOut().split(names, groups=names)])


def grouped_parts(
    groups: Sequence[Hashable],
    seed: int,
    dev_share: float = 0.1,
    test_share: float = 0.1,
    *,
    labels: Sequence[Hashable] | None = None,
) -> Parts:
    """Return one division that never divides a group; with ``labels`` their shares stay alike as far as groups allow.

    Groups are assigned one by one, the largest first and otherwise in random order. Each goes to the part that lacks
    the largest share of the group's labels, among the parts that still have space for it.

    Raises:
        SettingsError: if there are too few groups to fill all three parts.
    """
    names, kinds = _as_ids(groups), _as_ids(labels if labels is not None else [0] * len(groups))
    held = np.zeros((names.max(initial=-1) + 1, kinds.max(initial=-1) + 1))  # examples of each label in each group
    np.add.at(held, (names, kinds), 1)
    order = np.random.default_rng(_sklearn_seed(seed)).permutation(len(held))
    order = order[np.argsort(-held[order].sum(1), kind="stable")]
    shares = np.array([1 - dev_share - test_share, dev_share, test_share])
    wanted = shares[:, None] * held.sum(0)  # (parts, labels)
    missing = wanted.copy()
    owner = np.zeros(len(held), dtype=np.int64)
    for group in order:
        space, size = missing.sum(1), held[group].sum()
        need = ((missing / np.maximum(wanted, 1e-9)) * held[group]).sum(1)
        owner[group] = int(np.argmax(np.where(space >= size, need, -np.inf) if (space >= size).any() else space))
        missing[owner[group]] -= held[group]
    parts = [tuple(np.flatnonzero(owner[names] == part).tolist()) for part in range(len(PARTS))]
    if not all(parts):
        empty = PARTS[next(at for at, part in enumerate(parts) if not part)]
        raise SettingsError(
            f"expected examples for all of train, dev and test, got none for {empty}: {len(held)} groups are too few "
            "or too large for these shares"
        )
    return Parts(*parts)


def normalize_text(text: str) -> str:
    """Return the text for comparing duplicates: NFKC, without case, with single spaces."""
    return " ".join(without_case(unicodedata.normalize("NFKC", text)).split())


def check_no_leakage(
    texts: Mapping[str, Sequence[str]], groups: Mapping[str, Sequence[Hashable]] | None = None
) -> None:
    """Check that no text or group is in two parts.

    Args:
        texts: text of each example, by part (train, dev, test); compared after `normalize_text`.
        groups: group of each example, e.g. its article, by part; None where examples have none.

    Raises:
        DataError: naming the first two examples that are the same in different parts.
    """
    _check_apart("text", {part: [normalize_text(text) for text in rows] for part, rows in texts.items()})
    if groups is not None:
        _check_apart("group", groups)


def _check_apart(what: str, keys: Mapping[str, Sequence[Hashable]]) -> None:
    owners: dict[Hashable, tuple[str, int]] = {}
    for part, rows in keys.items():
        for number, key in enumerate(rows):
            other, place = owners.setdefault(key, (part, number))
            if other != part:
                raise DataError(
                    f"expected parts that share nothing, got the same {what} in {other} (example {place}) "
                    f"and {part} (example {number}): {str(key)[:80]!r}; split by group, or remove one"
                )


def _rotate(tests: Sequence[np.ndarray]) -> list[Parts]:
    """Return the divisions in which each fold is the test part and the next one the dev part."""
    folds = [tuple(int(index) for index in fold) for fold in tests]
    divisions = []
    for number, test in enumerate(folds):
        following = (number + 1) % len(folds)
        rest = [index for other, fold in enumerate(folds) if other not in (number, following) for index in fold]
        divisions.append(Parts(tuple(sorted(rest)), folds[following], test))
    return divisions


def _check_folds(folds: int, most: int) -> None:
    if not 3 <= folds <= most:
        raise SettingsError(
            f"folds.number must be at least 3 (train, dev, test) and at most the number of groups, {most}, got {folds}"
        )


def _as_ids(names: Sequence[Hashable]) -> np.ndarray:
    ids: dict[Hashable, int] = {}
    return np.array([ids.setdefault(name, len(ids)) for name in names], dtype=np.int64)


def _sklearn_seed(seed: int) -> int:
    return seed % 2**32  # the range of scikit-learn's seeds
