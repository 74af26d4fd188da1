"""Fixtures for all tests of the model: tiny trunks and batches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, PreTrainedConfig

from charbert.model import CharBertConfig, CharBertForPreTraining
from tests.released_checkpoints import save_released

TRUNKS = ("bert", "roberta", "distilbert", "electra", "albert", "mpnet", "deberta-v2", "deberta-v3", "modernbert")
RELATIVE = {"relative_attention": True, "position_buckets": 4, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0}
COMMON = {"vocab_size": 40, "max_position_embeddings": 32, "pad_token_id": 0, "initializer_range": 0.3}
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
SETTINGS: dict[str, dict[str, Any]] = {
    "bert": SIZES,
    "roberta": SIZES | {"type_vocab_size": 1},
    "xlm-roberta": SIZES | {"type_vocab_size": 1},
    "camembert": SIZES | {"type_vocab_size": 1},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24},
    "electra": SIZES | {"embedding_size": 12},
    "albert": SIZES | {"embedding_size": 12},
    "mpnet": SIZES,
    "deberta-v2": SIZES | RELATIVE | {"conv_kernel_size": 3, "type_vocab_size": 2},
    "deberta-v3": SIZES
    | RELATIVE
    | {"norm_rel_ebd": "layer_norm", "share_att_key": True}
    | {"position_biased_input": False},
    "modernbert": SIZES
    | {"local_attention": 6, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2}
    | {"bos_token_id": 1, "eos_token_id": 2},
}


CLASSES = {"deberta-v3": "deberta-v2"}
"""Model types of kinds that have none of their own."""


@pytest.fixture
def trunk_config() -> Callable[..., PreTrainedConfig]:
    """Return a maker of tiny trunk configurations."""

    def make(model_type: str = "bert", **settings: Any) -> PreTrainedConfig:
        return AutoConfig.for_model(CLASSES.get(model_type, model_type), **(COMMON | SETTINGS[model_type] | settings))

    return make


@pytest.fixture
def char_vocab() -> dict[str, Any]:
    """Return a character vocabulary of 20, in the layout of the paper variant."""
    characters = ["[PAD]", "[SEP]", "[SPECIAL]", "[UNK]", *"abcdefghijklmnop"]
    return {"characters": characters, "pad_id": 0, "separator_id": 1, "special_id": 2, "unk_id": 3}


@pytest.fixture
def make_config(
    trunk_config: Callable[..., PreTrainedConfig], char_vocab: dict[str, Any]
) -> Callable[..., CharBertConfig]:
    """Return a maker of tiny CharBERT configurations."""

    def make(model_type: str = "bert", **settings: Any) -> CharBertConfig:
        defaults = {"char_vocab": char_vocab, "char_embedding_size": 8, "nlm_vocab_size": 30}
        return CharBertConfig(trunk_config=trunk_config(model_type), **(defaults | settings))

    return make


@pytest.fixture
def batch() -> dict[str, Tensor]:
    """Return three rows of 7, 5 and 4 subwords, of two characters and a separator each."""
    generator = torch.Generator().manual_seed(3)
    rows, subwords = 3, 7
    lengths = torch.tensor([7, 5, 4])
    attention_mask = (torch.arange(subwords) < lengths[:, None]).long()
    chars = torch.randint(4, 20, (rows, subwords, 3), generator=generator)
    chars[..., 2] = 1
    starts = 3 * torch.arange(subwords).expand(rows, -1)
    return {
        "input_ids": torch.randint(3, 40, (rows, subwords), generator=generator) * attention_mask,
        "attention_mask": attention_mask,
        "char_input_ids": (chars * attention_mask[..., None]).flatten(1),
        "start_ids": starts * attention_mask,
        "end_ids": (starts + 1) * attention_mask,
    }


@pytest.fixture
def pad_batch() -> Callable[..., dict[str, Tensor]]:
    """Return a function that pads a batch further, its subwords and its characters."""

    def pad(batch: dict[str, Tensor], *, subwords: int = 0, chars: int = 0) -> dict[str, Tensor]:
        return {
            name: torch.nn.functional.pad(value, (0, chars if name == "char_input_ids" else subwords))
            for name, value in batch.items()
        }

    return pad


@pytest.fixture
def folder(make_config: Callable[..., CharBertConfig], tmp_path: Path) -> Callable[[str], Path]:
    """Return a maker of checkpoints in the authors' format, all weights drawn anew."""

    def make(kind: str) -> Path:
        torch.manual_seed(0)
        model = CharBertForPreTraining(make_config(kind, variant="released"))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.3)
        save_released(model, tmp_path / kind)
        return tmp_path / kind

    return make
