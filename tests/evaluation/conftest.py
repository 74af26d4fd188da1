"""A tiny dual-channel encoder and a plain one."""

import pytest
import torch
from transformers import BertConfig

from charbert.evaluation.word_states import WordEncoder
from charbert.model import CharBertModel
from charbert.model.tokenization import CharBertTokenizer


def encoder(tokenizer, vocabulary, **overrides) -> WordEncoder:
    torch.manual_seed(0)
    trunk = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    if vocabulary is not None:
        overrides |= {"char_vocab": vocabulary.to_dict(), "char_embedding_size": 8}
    model = CharBertModel.from_trunk(trunk, **overrides)
    return WordEncoder(model, CharBertTokenizer(tokenizer, vocabulary), max_length=24, batch_size=2)


@pytest.fixture(scope="session")
def dual_encoder(wordpiece_tokenizer, char_vocab) -> WordEncoder:
    return encoder(wordpiece_tokenizer, char_vocab)


@pytest.fixture(scope="session")
def plain_encoder(wordpiece_tokenizer) -> WordEncoder:
    return encoder(
        wordpiece_tokenizer, None, char_encoder="none", interaction="none", head_channels="token", nlm_channel="token"
    )
