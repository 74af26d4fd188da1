from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import BertConfig

from charbert.analysis.char_channel import (
    CharChannel,
    measure_char_channel,
    relative_change,
    shuffle_characters,
    subword_deviation,
)
from charbert.errors import SettingsError
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer

TEXTS = ["The ferry left.", "Nobody answered, and the harbour was quiet.", "Keep the keys"]
Measure = Callable[..., CharChannel]


@pytest.fixture
def measure(wordpiece_tokenizer, char_vocab) -> Measure:
    """Measure a new tiny encoder."""
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    processor = CharBertTokenizer(wordpiece_tokenizer, char_vocab)

    def measured(seed: int = 0, batch_size: int = 32, **overrides) -> CharChannel:
        torch.manual_seed(0)
        trunk = BertConfig(vocab_size=len(wordpiece_tokenizer), **sizes)
        vocabulary = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8}
        model = CharBertModel.from_trunk(trunk, **vocabulary, **overrides)
        rng = np.random.default_rng(seed)
        return measure_char_channel(model, processor, TEXTS, rng, max_length=24, batch_size=batch_size)

    return measured


def test_deviation_is_between_subwords_and_not_between_features() -> None:
    assert subword_deviation(np.array([[1.0, 5.0], [1.0, 5.0]], np.float32)) == 0
    assert subword_deviation(np.array([[0.0, 5.0], [2.0, 5.0]], np.float32)) == pytest.approx(0.5)


def test_change_is_a_share_of_the_states_size() -> None:
    states = np.array([[3.0, 4.0]], np.float32)
    assert relative_change(states, states) == 0
    assert relative_change(states, np.zeros_like(states)) == pytest.approx(1)
    assert relative_change(10 * states, 11 * states) == pytest.approx(0.1)


def test_shuffling_keeps_the_characters_and_the_places_between_subwords(char_vocab) -> None:
    special, separator, pad = char_vocab.special_id, char_vocab.separator_id, char_vocab.pad_id
    letters = char_vocab.encode("abcdefgh").tolist()
    row = [special, separator, *letters[:5], separator, *letters[5:], separator, pad]
    shuffled = shuffle_characters(row, char_vocab, np.random.default_rng(0)).tolist()
    kept = {special, separator, pad}
    assert shuffled != row and sorted(shuffled) == sorted(row)
    assert [a if a in kept else None for a in shuffled] == [a if a in kept else None for a in row]


def test_characters_drawn_wider_hold_subwords_further_apart_and_count_for_more(measure: Measure) -> None:
    narrow, wide = measure(), measure(char_initializer_range=1.0)
    assert wide.token_deviation == pytest.approx(narrow.token_deviation)
    assert wide.char_deviation > 5 * narrow.char_deviation > 0
    assert wide.char_change > narrow.char_change > 0


def test_without_interaction_characters_do_not_move_the_token_channel(measure: Measure) -> None:
    alone = measure(interaction="none")
    assert alone.token_change == 0 and alone.char_change > 0
    assert measure().token_change > 0


def test_the_seed_decides_and_the_batches_do_not(measure: Measure) -> None:
    np.testing.assert_allclose(measure(batch_size=1), measure(), rtol=1e-3)
    assert measure(seed=1).char_change != measure().char_change


def test_a_plain_trunk_is_refused(wordpiece_tokenizer) -> None:
    trunk = BertConfig(vocab_size=len(wordpiece_tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
    plain = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    model = CharBertModel.from_trunk(trunk, **plain)
    processor = CharBertTokenizer(wordpiece_tokenizer, None)
    with pytest.raises(SettingsError, match="needs an encoder with a char channel"):
        measure_char_channel(model, processor, TEXTS, np.random.default_rng(0), max_length=24)
