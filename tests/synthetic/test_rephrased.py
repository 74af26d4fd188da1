from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from charbert.seeding import numpy_generator
from charbert.synthetic import Newswire
from charbert.synthetic.rephrased import acceptability_examples, paraphrase_examples, question_pair_examples
from charbert.text.words import split_words

ROWS = 300
SAME = ("equivalent", "duplicate")


def rows(make: Callable[..., Iterator], seed: int = 1) -> list:
    return list(islice(make(Newswire(1).documents(ROWS), numpy_generator(seed, "rows")), ROWS))


@pytest.mark.parametrize("make", [acceptability_examples, paraphrase_examples, question_pair_examples])
def test_the_same_seed_gives_the_same_rows_and_another_one_others(make: Callable[..., Iterator]) -> None:
    assert rows(make) == rows(make)
    assert rows(make) != rows(make, seed=2)


def test_about_half_of_the_sentences_are_acceptable_and_those_are_unchanged() -> None:
    labeled = rows(acceptability_examples)
    own = {sentence.text for document in Newswire(1).documents(ROWS) for sentence in document.body}
    assert 0.4 < sum(row.label == "acceptable" for row in labeled) / ROWS < 0.6
    assert all((row.first in own) == (row.label == "acceptable") for row in labeled)


def test_an_error_keeps_the_first_word_and_deletes_at_most_one() -> None:
    whole = [sentence.text for document in Newswire(1).documents(ROWS) for sentence in document.body]
    for row, text in zip(rows(acceptability_examples), whole, strict=False):
        spans, expected = split_words(row.first), split_words(text)
        assert row.first[: spans[0][1]] == text[: expected[0][1]]
        assert row.first == text if row.label == "acceptable" else len(expected) - len(spans) in (0, 1)


@pytest.mark.parametrize("make", [paraphrase_examples, question_pair_examples])
def test_about_half_of_the_pairs_have_the_same_meaning_in_other_words(make: Callable[..., Iterator]) -> None:
    pairs = rows(make)
    assert 0.4 < sum(pair.label in SAME for pair in pairs) / ROWS < 0.6
    assert all(pair.first != pair.second for pair in pairs)


def test_a_reworded_question_is_the_same_question() -> None:
    for pair in rows(question_pair_examples):
        asked = pair.second.split(": ", 1)[1]
        assert (asked[0].upper() + asked[1:] == pair.first) == (pair.label in SAME)


def test_different_pairs_often_differ_in_names_only() -> None:
    """The pattern of a pair does not give its label away: many different pairs share most of their words."""
    different = [pair for pair in rows(question_pair_examples) if pair.label not in SAME]
    shares = [
        len({*pair.first.lower().split()} & {*pair.second.lower().split()}) / len({*pair.first.split()})
        for pair in different
    ]
    assert sum(share > 0.4 for share in shares) / len(shares) > 0.3
