import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.baselines.ngram_language_model import NgramLanguageModel
from charbert.errors import DataError, SettingsError

VOCAB = 6
texts = st.lists(st.lists(st.integers(0, VOCAB - 2), min_size=1, max_size=12), min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(texts, st.integers(1, 4), st.lists(st.integers(0, VOCAB - 1), max_size=5))
def test_after_any_context_the_probabilities_add_up_to_one(
    rows: list[list[int]], order: int, context: list[int]
) -> None:
    model = NgramLanguageModel(rows, order, VOCAB)
    probabilities = [math.exp(model.log_probabilities([*context, word])[-1]) for word in range(VOCAB)]
    assert sum(probabilities) == pytest.approx(1)
    assert min(probabilities) > 0  # id 5 is never counted


def test_bigrams_by_hand() -> None:
    # "0 1 0 1 0 2" and the start of the text, 3: bigrams 3-0 once, 0-1 twice, 1-0 twice, 0-2 once
    model = NgramLanguageModel([[0, 1, 0, 1, 0, 2]], order=2, vocab_size=3)
    discount = 2 / (2 + 2 * 2)  # two bigrams once, two of them twice
    # ids by how many others they follow: 0 after 3 and 1; 1 after 0; 2 after 0; of these two once, one twice
    lower = 2 / (2 + 2 * 1)
    unigram = {0: (2 - lower) / 4, 1: (1 - lower) / 4, 2: (1 - lower) / 4}
    unigram = {word: share + lower * 3 / 4 / 3 for word, share in unigram.items()}
    after_zero = {1: (2 - discount) / 3, 2: (1 - discount) / 3, 0: 0.0}
    for word, share in after_zero.items():
        expected = share + discount * 2 / 3 * unigram[word]
        assert math.exp(model.log_probabilities([0, word])[-1]) == pytest.approx(expected)
    assert math.exp(model.log_probabilities([2, 1])[-1]) == pytest.approx(unigram[1])  # nothing was seen after 2


def test_an_id_counts_by_how_many_others_it_follows_not_how_often() -> None:
    # 1 follows 0 alone but often (San Francisco); 4 follows many, once each
    rows = [[0, 1]] * 20 + [[2, 4], [3, 4], [0, 4], [1, 4]]
    model = NgramLanguageModel(rows, order=2, vocab_size=6)
    after_unseen = model.log_probabilities([5, 1])[-1], model.log_probabilities([5, 4])[-1]
    assert after_unseen[0] < after_unseen[1]


def test_longer_contexts_predict_a_pattern_better_than_shorter_ones() -> None:
    pattern = [[0, 1, 2, 0, 3, 2, 0, 1, 4] * 10]  # what follows 0 depends on what stands before it
    nll = [-NgramLanguageModel(pattern, order, 6).log_probabilities(pattern[0]).mean() for order in (1, 2, 3, 4)]
    assert nll == sorted(nll, reverse=True)
    assert nll[0] > 3 * nll[3]


def test_the_order_of_texts_does_not_matter_and_an_empty_one_adds_nothing() -> None:
    rows = [[0, 1, 2], [3, 3], [1]]
    first, second = (NgramLanguageModel(each, 3, 5) for each in (rows, [*reversed(rows), []]))
    assert np.array_equal(first.log_probabilities([0, 1, 4, 3]), second.log_probabilities([0, 1, 4, 3]))
    assert len(first.log_probabilities([])) == 0


def test_ids_out_of_range_and_empty_texts_are_refused() -> None:
    with pytest.raises(DataError, match="at least one id"):
        NgramLanguageModel([[]], 2, 5)
    with pytest.raises(DataError, match=r"ids in 0\.\.4, got 0\.\.5"):
        NgramLanguageModel([[0, 5]], 2, 5)
    with pytest.raises(SettingsError, match="small enough for 100000 subwords"):
        NgramLanguageModel([[0]], 4, 100_000)
