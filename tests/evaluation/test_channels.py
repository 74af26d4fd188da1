from collections.abc import Sequence

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from charbert.data.readers.conll import TaggedSentence
from charbert.evaluation.channels import changed_words, subwords_of, without_characters, without_subwords
from charbert.model.tokenization import CharBertTokenizer
from charbert.tasks.tagging.encoding import EncodedTags, encode_tagged
from charbert.text.char_vocab import CharVocab

CLEAN = (("many", "ships", "left", "Rotterdam"), ("storms", "ahead"))
NOISY = (("many", "shpis", "left", "Rottredam"), ("storms", "ahead"))


@pytest.fixture
def processor(uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> CharBertTokenizer:
    return CharBertTokenizer(uncased_tokenizer, char_vocab)


def encode(sentences: Sequence[Sequence[str]], processor: CharBertTokenizer, max_length: int = 64) -> EncodedTags:
    tagged = [TaggedSentence(tuple(words), ("O",) * len(words)) for words in sentences]
    return encode_tagged(tagged, processor, {"O": 0}, max_length)


def text_of(feature: dict, flags: np.ndarray, processor: CharBertTokenizer) -> str:
    ids = [token for token, meant in zip(feature["input_ids"], flags, strict=True) if meant]
    return "".join(piece.removeprefix("##") for piece in processor.convert_ids_to_tokens(ids))


@pytest.mark.parametrize("max_length", [64, 12])
def test_all_subwords_of_a_changed_word_are_meant_and_no_others(processor: CharBertTokenizer, max_length: int) -> None:
    changed = changed_words(CLEAN, NOISY)
    assert [flags.tolist() for flags in changed] == [[False, True, False, True], [False, False]]
    encoded = encode(NOISY, processor, max_length)
    hidden = subwords_of(encoded, changed)
    texts = [text_of(feature, flags, processor) for feature, flags in zip(encoded.features, hidden, strict=True)]
    assert "".join(texts) == "shpisrottredam"
    assert not any(flags[0] or flags[-1] for flags in hidden)  # the special ones


def test_hiding_one_channel_leaves_the_other_and_all_other_words_as_they_are(processor: CharBertTokenizer) -> None:
    encoded = encode(NOISY, processor)
    hidden = subwords_of(encoded, changed_words(CLEAN, NOISY))
    mask = processor.mask_token_id
    no_subwords = without_subwords(encoded.features, hidden, mask)
    no_characters = without_characters(encoded.features, hidden, processor)
    for before, blind, mute, flags in zip(encoded.features, no_subwords, no_characters, hidden, strict=True):
        expected = [mask if meant else token for token, meant in zip(before["input_ids"], flags, strict=True)]
        assert blind["input_ids"] == expected
        assert {name: blind[name] for name in before if name != "input_ids"} == {
            name: before[name] for name in before if name != "input_ids"
        }
        assert list(mute["input_ids"]) == list(before["input_ids"])
        assert len(mute["char_input_ids"]) < len(before["char_input_ids"]) or not flags.any()


def test_what_no_noise_changed_is_not_hidden(processor: CharBertTokenizer) -> None:
    encoded = encode(CLEAN, processor)
    hidden = subwords_of(encoded, changed_words(CLEAN, CLEAN))
    assert not np.concatenate(hidden).any()
    shown = without_characters(encoded.features, hidden, processor)
    for before, after in zip(encoded.features, shown, strict=True):
        assert list(after["char_input_ids"]) == list(before["char_input_ids"])
