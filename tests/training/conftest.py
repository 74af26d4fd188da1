"""Tiny models of several trunk families, with and without a char channel, and rows to train them on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel

from charbert.config.training.trainer import OptimizerSettings, Precision, TrainingSettings
from charbert.data.collate import PadCollator
from charbert.model import CharBertConfig, CharBertForTokenClassification
from charbert.training.strategies import Strategy
from charbert.training.trainer import CharBertTrainer, build_trainer

BERT = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
SIZES: dict[str, dict[str, Any]] = {
    "bert": BERT,
    "roberta": BERT | {"type_vocab_size": 1},
    "electra": BERT | {"embedding_size": 6},
    "distilbert": {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 8},
    "albert": BERT | {"embedding_size": 6},
    "deberta-v2": BERT | {"conv_kernel_size": 3},
    "modernbert": BERT | {"cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2},
}
CHARS = {"char_vocab_size": 12, "char_embedding_size": 4}
PLAIN = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
PAD = {"input_ids": 0, "attention_mask": 0, "char_input_ids": 0, "start_ids": 0, "end_ids": 0}


@pytest.fixture
def make_model() -> Callable[..., CharBertForTokenClassification]:
    """A maker of taggers: trunk family, with or without a char channel."""

    def make(family: str = "bert", *, chars: bool = True, **options: Any) -> CharBertForTokenClassification:
        torch.manual_seed(0)
        common = {"vocab_size": 30, "max_position_embeddings": 16, "pad_token_id": 0, "initializer_range": 0.3}
        trunk = AutoConfig.for_model(family, **(common | SIZES[family]))
        kind = CHARS if chars else PLAIN
        return CharBertForTokenClassification(CharBertConfig(trunk_config=trunk, num_labels=3, **(kind | options)))

    return make


@pytest.fixture
def saved_trunk(tmp_path: Path) -> Callable[[str], Path]:
    """A maker of plain Hugging Face checkpoints."""

    def make(family: str) -> Path:
        torch.manual_seed(1)
        common = {"vocab_size": 30, "max_position_embeddings": 16, "pad_token_id": 0, "initializer_range": 0.3}
        folder = tmp_path / family
        AutoModel.from_config(AutoConfig.for_model(family, **(common | SIZES[family]))).save_pretrained(folder)
        return folder

    return make


def tagging_rows(chars: bool = True, number: int = 12) -> list[dict[str, list[int]]]:
    """Return rows of four subwords of two characters each, with a tag for each subword."""
    generator = torch.Generator().manual_seed(2)
    rows = []
    for _ in range(number):
        row = {"input_ids": torch.randint(3, 30, (4,), generator=generator).tolist(), "attention_mask": [1] * 4}
        row["labels"] = torch.randint(0, 3, (4,), generator=generator).tolist()
        if chars:
            row["char_input_ids"] = torch.randint(1, 12, (8,), generator=generator).tolist()
            row["start_ids"], row["end_ids"] = [0, 2, 4, 6], [1, 3, 5, 7]
        rows.append(row)
    return rows


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., CharBertTrainer]:
    """A maker of trainers for taggers; options are those of the training and, by ``optimizer``, of the optimizer."""

    def make(
        model: Any,
        strategy: Strategy | None = None,
        *,
        folder: str = "run",
        optimizer: dict[str, Any] | None = None,
        **options: Any,
    ) -> CharBertTrainer:
        chosen = OptimizerSettings(**({"learning_rate": 0.01} | (optimizer or {})))
        settings = TrainingSettings(
            **({"max_steps": 4, "batch_size": 2, "log_every": 1, "checkpoints": 0} | options),
            optimizer=chosen,
            precision=Precision.fp32,  # values are compared, on any machine
        )
        rows = tagging_rows(model.config.char_encoder != "none")
        return build_trainer(
            settings, model, rows, rows, PadCollator(PAD), folder=tmp_path / folder, seed=0, strategy=strategy
        )

    return make
