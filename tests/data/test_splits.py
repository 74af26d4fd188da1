from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.data.articles import find_articles, group_pairs
from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Question
from charbert.data.splits import (
    Parts,
    check_no_leakage,
    connect_groups,
    grouped_folds,
    grouped_parts,
    leave_one_out,
)
from charbert.errors import DataError, SettingsError


def assert_partition(parts: Parts, size: int) -> None:
    everything = [*parts.train, *parts.dev, *parts.test]
    assert sorted(everything) == list(range(size))
    assert parts.train and parts.dev and parts.test


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=12, max_size=60), st.integers(0, 2**40), st.booleans())
def test_folds_never_divide_a_group(groups: list[int], seed: int, balanced: bool) -> None:
    groups = [*groups, 0, 1, 2]
    folds = grouped_folds(groups, 3, seed, labels=[number % 2 for number in range(len(groups))] if balanced else None)
    if balanced and any(not fold.test for fold in folds):
        return  # balance can leave a fold empty when groups are few and unlike
    for parts in folds:
        assert_partition(parts, len(groups))
        named = {name: [groups[index] for index in getattr(parts, name)] for name in ("train", "dev", "test")}
        check_no_leakage({name: [str(group) for group in rows] for name, rows in named.items()}, named)


def test_every_example_is_tested_once_and_the_same_seed_gives_the_same_folds() -> None:
    groups = [f"article {number // 3}" for number in range(60)]
    folds = grouped_folds(groups, 5, seed=3)
    assert Counter(index for parts in folds for index in parts.test) == Counter(range(60))
    assert folds == grouped_folds(groups, 5, seed=3) != grouped_folds(groups, 5, seed=4)
    assert [parts.dev for parts in folds] == [folds[(number + 1) % 5].test for number in range(5)]


def test_stratified_folds_keep_the_shares_of_labels() -> None:
    labels = ["yes"] * 30 + ["no"] * 90
    for parts in (grouped_parts(range(120), 1, 0.2, 0.2, labels=labels), *grouped_folds(range(120), 3, 1, labels)):
        assert_partition(parts, 120)
        for name in ("train", "dev", "test"):
            rows = [labels[index] for index in getattr(parts, name)]
            assert rows.count("no") == 3 * rows.count("yes")


def test_leave_one_out_tests_each_group_alone() -> None:
    divisions = leave_one_out(["a", "b", "a", "c"])
    assert [parts.test for parts in divisions] == [(0, 2), (1,), (3,)]
    for parts in leave_one_out(range(5)):
        assert_partition(parts, 5)
        assert len(parts.test) == len(parts.dev) == 1


@pytest.mark.parametrize("folds", [0, 2, 4])
def test_a_number_of_folds_that_does_not_fit_is_refused(folds: int) -> None:
    with pytest.raises(SettingsError, match=r"folds\.number must be at least 3"):
        grouped_folds(["a", "b", "c"], folds, seed=0)


def test_examples_with_a_key_in_common_are_connected_through_others() -> None:
    groups = connect_groups([["x"], ["x", "y"], ["z"], ["y"], []])
    assert groups[0] == groups[1] == groups[3]
    assert len({groups[0], groups[2], groups[4]}) == 3


def test_the_first_leaking_pair_is_named() -> None:
    texts = {"train": ["One.", "Two  words"], "dev": ["three"], "test": ["four", "two words"]}
    with pytest.raises(DataError, match=r"same text in train \(example 1\) and test \(example 1\): 'two words'"):
        check_no_leakage(texts)
    apart = {"train": ["a", "a"], "dev": ["b"], "test": ["c"]}
    check_no_leakage(apart, {"train": [1, 1], "dev": [2], "test": [3]})
    with pytest.raises(DataError, match=r"same group in train \(example 0\) and test \(example 0\): '1'"):
        check_no_leakage(apart, {"train": [1, 1], "dev": [2], "test": [1]})


def row(question: str, sentence: str) -> LabeledText:
    return LabeledText(question, sentence, "entailment")


def test_pairs_that_share_a_text_are_one_group() -> None:
    rows = [row("A?", "One."), row("B?", "one. "), row("b?", "Two."), row("C?", "Three.")]
    groups = group_pairs(rows)
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_pairs_join_the_article_of_their_question_or_else_of_their_sentence() -> None:
    articles = [
        Question("1", "Who built it?", "A bridge. Ann built it in 1910.", (), "Bridge"),
        Question("2", "Who built it?", "A tower. Bob built “it”.", (), "Tower"),
        Question("3", "How high?", "A tower. Bob built “it”.", (), "Tower"),
    ]
    rows = [
        row("Who built it?", 'Bob built "it".'),
        row("How high ?", "Something else."),
        row("Rewritten question?", "Ann built it in 1910."),
        row("Unknown?", "Unknown."),
    ]
    assert find_articles(rows, articles) == ["Tower", "Tower", "Bridge", None]
    groups = group_pairs(rows, articles)
    assert groups[0] == groups[1] and len(set(groups)) == 3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=40, max_size=90), st.integers(0, 2**40), st.booleans())
def test_a_division_by_groups_divides_none_and_keeps_to_the_shares(groups: list[int], seed: int, labeled: bool) -> None:
    groups = [*groups, *range(31, 61)]
    labels = [group % 2 for group in groups] if labeled else None
    parts = grouped_parts(groups, seed, 0.2, 0.2, labels=labels)
    assert_partition(parts, len(groups))
    named = {name: [groups[index] for index in getattr(parts, name)] for name in ("train", "dev", "test")}
    check_no_leakage({name: [str(group) for group in rows] for name, rows in named.items()}, named)
    largest = max(Counter(groups).values())
    for part in (parts.dev, parts.test):
        assert abs(len(part) - 0.2 * len(groups)) <= largest + 1
    assert parts == grouped_parts(groups, seed, 0.2, 0.2, labels=labels)


def test_a_division_by_groups_keeps_the_shares_of_labels() -> None:
    labels = (["rare"] + ["frequent"] * 3) * 60
    parts = grouped_parts([number // 2 for number in range(240)], 1, labels=labels)
    for part in (parts.train, parts.dev, parts.test):
        assert [labels[index] for index in part].count("rare") / len(part) == pytest.approx(0.25, abs=0.05)
    assert parts != grouped_parts([number // 2 for number in range(240)], 2, labels=labels)


def test_too_few_groups_for_three_parts_are_refused() -> None:
    with pytest.raises(SettingsError, match="2 groups are too few"):
        grouped_parts([0, 0, 0, 1, 1], 0)
