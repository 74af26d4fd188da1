import numpy as np
import pytest
import torch

from charbert.errors import SettingsError
from tests.tolerance import assert_near

SENTENCES = [["The", "ferry", "left", "."], ["Nobody", "answered"], ["Keep", "the", "keys", "and", "counting", "!"]]


def test_a_words_state_is_that_of_its_first_subword(dual_encoder) -> None:
    words = SENTENCES[0]
    states = dual_encoder([words])[0]
    batch = dual_encoder.processor([words], is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        output = dual_encoder.model(**batch)
    first = [batch.word_ids(0).index(word) for word in range(len(words))]
    assert_near(states.token, output.token_states[0, first].numpy())
    assert_near(states.char, output.char_states[0, first].numpy())
    assert states.seen.all()


def test_batching_and_order_change_no_state(dual_encoder) -> None:
    together = dual_encoder(SENTENCES)
    for words, states in zip(SENTENCES, together, strict=True):
        alone = dual_encoder([words])[0]
        assert_near(states.of("concat"), alone.of("concat"))


def test_the_sources_are_made_of_the_channels(dual_encoder) -> None:
    states = dual_encoder(SENTENCES[:1])[0]
    assert states.sources == ("concat", "token", "char", "sum")
    assert states.of("concat").shape == (4, 32)
    np.testing.assert_array_equal(states.of("sum"), states.of("token") + states.of("char"))


def test_a_plain_trunk_has_its_one_channel(plain_encoder) -> None:
    states = plain_encoder(SENTENCES[:1])[0]
    assert states.char is None and states.sources == ("concat",)
    np.testing.assert_array_equal(states.of("concat"), states.token)
    with pytest.raises(SettingsError, match="one of concat, got char"):
        states.of("char")


def test_words_beyond_one_window_and_words_without_subwords_are_there(dual_encoder) -> None:
    states = dual_encoder([["lighthouse"] * 12 + ["\u200b", "keeper"]])[0]
    assert states.seen.tolist() == [True] * 12 + [False, True]
    assert not states.token[12].any() and states.token[13].any()
