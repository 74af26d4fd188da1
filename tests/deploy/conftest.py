"""Tiny fine-tuned models of every head, with and without characters, as fine-tuning saves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, PreTrainedTokenizerFast

from charbert.deploy.usage import Usage, write_usage
from charbert.model import (
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.processing import CharBertProcessor
from charbert.text.char_vocab import CharVocab

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
PLAIN = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
ENTITY_TAGS = ("O", "B-LOC", "B-PER", "I-LOC", "I-PER")
MODELS: dict[str, Any] = {
    "token_classification": CharBertForTokenClassification,
    "sequence_classification": CharBertForSequenceClassification,
    "question_answering": CharBertForQuestionAnswering,
}
LABELS = {"token_classification": ENTITY_TAGS, "sequence_classification": ("bad", "fine", "good")}

SaveModel = Callable[..., Path]


@pytest.fixture(scope="session")
def save_model(
    tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab
) -> SaveModel:
    """Return a maker of model folders; its models have drawn weights, large enough to tell inputs apart."""

    def make(
        head: str,
        *,
        chars: bool = True,
        labels: tuple[str, ...] | None = None,
        tokenizer: PreTrainedTokenizerFast = uncased_tokenizer,
        seed: int = 0,
        **usage: Any,
    ) -> Path:
        folder = tmp_path_factory.mktemp(head) / "model"
        names = labels or LABELS.get(head, ())
        settings: dict[str, Any] = {"char_vocab": char_vocab.to_dict(), "char_embedding_size": 8} if chars else PLAIN
        if names:
            settings |= {"num_labels": len(names)}
        torch.manual_seed(seed)
        trunk = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, initializer_range=0.3, **SIZES)
        model = MODELS[head].from_trunk(trunk, **settings)
        if names:
            model.config.id2label = dict(enumerate(names))
            model.config.label2id = {name: number for number, name in enumerate(names)}
        torch.nn.init.normal_(model.classifier.weight)
        model.save_pretrained(folder)
        CharBertProcessor(tokenizer, char_vocab if chars else None).save_pretrained(folder)
        write_usage(folder, Usage(**{"head": head, "max_length": 32} | usage))
        return folder

    return make


@pytest.fixture(scope="session")
def tagger(save_model: SaveModel) -> Path:
    """A CharBERT that tags."""
    return save_model("token_classification")


@pytest.fixture(scope="session")
def plain_tagger(save_model: SaveModel) -> Path:
    """A plain trunk that tags."""
    return save_model("token_classification", chars=False)


@pytest.fixture(scope="session")
def classifier(save_model: SaveModel) -> Path:
    """A CharBERT that classifies."""
    return save_model("sequence_classification")


@pytest.fixture(scope="session")
def reader(save_model: SaveModel) -> Path:
    """A CharBERT that answers questions."""
    return save_model("question_answering", max_answer_length=4)
