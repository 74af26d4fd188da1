import numpy as np
import pytest

from charbert.config.model.classical import BaselineKind, BaselineSettings, Units
from charbert.data.readers.conll import TaggedSentence
from charbert.tasks.tagging.baseline import MajorityTag, TfidfTag

LABELS = ["O", "B-LOC", "B-PER"]
SETTINGS = BaselineSettings(kind=BaselineKind.tfidf, units=Units.char, ngrams=[2, 4], min_count=1)


def tagged(words: str, tags: str) -> TaggedSentence:
    return TaggedSentence(tuple(words.split()), tuple(tags.split()))


ROWS = [
    tagged("Jordan went to Jordan", "B-PER O O B-LOC"),
    tagged("the lighthouse in Malmö", "O O O B-LOC"),
    tagged("Jordan saw Malmö", "B-PER O B-LOC"),
    tagged("Ada saw the lighthouse", "B-PER O O O"),
] * 10


def tags(scores: list[np.ndarray]) -> list[list[str]]:
    return [[LABELS[int(row.argmax())] for row in sentence] for sentence in scores]


def test_a_word_gets_its_most_frequent_tag_and_an_unknown_one_that_of_all() -> None:
    predicted = tags(MajorityTag(ROWS, LABELS).scores([tagged("Jordan MALMÖ saw Zürich", "O O O O")]))
    assert predicted == [["B-PER", "B-LOC", "O", "O"]]


def test_neighboring_words_distinguish_two_uses_of_a_word() -> None:
    baseline = TfidfTag(ROWS, LABELS, SETTINGS, seed=1)
    assert tags(baseline.scores(ROWS[:4])) == [list(row.tags) for row in ROWS[:4]]


def test_neighbors_do_not_cross_sentences() -> None:
    baseline = TfidfTag(ROWS, LABELS, SETTINGS, seed=1)
    alone = baseline.scores([ROWS[1]])[0]
    among_others = baseline.scores([ROWS[0], ROWS[1], ROWS[3]])[1]
    assert np.allclose(alone, among_others)


def test_character_ngrams_are_robust_to_a_typo() -> None:
    baseline = TfidfTag(ROWS, LABELS, SETTINGS, seed=1)
    assert tags(baseline.scores([tagged("the lihgthouse in Mlamö", "O O O O")])) == [["O", "O", "O", "B-LOC"]]


def test_the_same_seed_gives_the_same_tagger() -> None:
    first, second = (np.concatenate(TfidfTag(ROWS, LABELS, SETTINGS, seed=3).scores(ROWS)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.exp(first).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_a_single_tag_needs_no_regression() -> None:
    baseline = TfidfTag([tagged("the keys", "O O")], LABELS, SETTINGS, seed=1)
    assert tags(baseline.scores(ROWS[:1])) == [["O"] * 4]
