from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import BertTokenizer, PreTrainedConfig

from charbert.errors import SettingsError
from charbert.model import CharBertForPreTraining
from charbert.model.word_start import start_words_at_subwords

Trunks = Callable[..., PreTrainedConfig]
SUBWORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "sea", "ship", "##s"]


@pytest.fixture
def tokenizer() -> BertTokenizer:
    return BertTokenizer(vocab={subword: index for index, subword in enumerate(SUBWORDS)})


def built(trunk: PreTrainedConfig, char_vocab: dict[str, Any], **settings: Any) -> CharBertForPreTraining:
    torch.manual_seed(0)
    return CharBertForPreTraining.from_trunk(trunk, char_vocab=char_vocab, **{"nlm_vocab_size": 4, **settings})


def test_a_word_begins_as_the_mean_of_its_subwords(
    trunk_config: Trunks, char_vocab: dict[str, Any], tokenizer: BertTokenizer
) -> None:
    model = built(trunk_config("bert"), char_vocab)
    start_words_at_subwords(model, ["ships", "sea", "zebra"], tokenizer)
    rows, table = model.nlm_head.decoder.weight, model.get_input_embeddings().weight
    common = table.mean(dim=0)
    expected = [(table[6] + table[7]) / 2 - common, table[5] - common, table[1] - common, 0 * common]
    torch.testing.assert_close(rows, torch.stack(expected))
    assert not model.nlm_head.decoder.bias.any()
    rows.data.add_(1)  # a copy: the trunk's table is not touched by learning
    assert not torch.equal(rows[1], table[5] - common)


def test_what_cannot_begin_at_the_trunk_is_refused(
    trunk_config: Trunks, char_vocab: dict[str, Any], tokenizer: BertTokenizer
) -> None:
    with pytest.raises(SettingsError, match="needs an NLM head"):
        start_words_at_subwords(built(trunk_config("bert"), char_vocab, nlm_vocab_size=0), [], tokenizer)
    with pytest.raises(SettingsError, match="as wide as the trunk's states, 16; this trunk's have 12"):
        start_words_at_subwords(built(trunk_config("electra"), char_vocab), ["sea"], tokenizer)
