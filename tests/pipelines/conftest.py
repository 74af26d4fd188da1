"""Settings as Hydra composes them, with every folder below the test's own, and a trunk to fine-tune."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from charbert.config.load import load_settings
from charbert.config.schema import Settings

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., Settings]:
    def compose_settings(*overrides: str) -> Settings:
        folders = [f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}"]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return load_settings(compose("pretrain", overrides=[*folders, *overrides]))

    return compose_settings


@pytest.fixture(scope="session")
def tiny_trunk(tmp_path_factory: pytest.TempPathFactory, uncased_tokenizer: PreTrainedTokenizerFast) -> Path:
    """A BERT of one layer that nobody has trained, as a checkpoint."""
    folder = tmp_path_factory.mktemp("trunk")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForMaskedLM(BertConfig(vocab_size=len(uncased_tokenizer), **sizes)).save_pretrained(folder)
    uncased_tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def benchmarks(composed: Callable[..., Settings], tiny_trunk: Path, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a plain trunk on files below the test's own ``data`` folder."""

    def compose_settings(*overrides: str) -> Settings:
        trunk = ("trunk=tiny_bert", "trunk.source=folder", f"trunk.location={tiny_trunk}", "model=bert")
        short = ("finetuning.max_steps=3", "finetuning.max_length=48", "finetuning.precision=fp32", "tracking=off")
        return composed("recipe=minilm", f"paths.data={tmp_path / 'data'}", *trunk, *short, *overrides)

    return compose_settings
