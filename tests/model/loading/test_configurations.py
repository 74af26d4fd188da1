"""A configuration of somebody else is bounded before anything is built from it, and names no code."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig, AutoModel, BertConfig, BertModel

from charbert.errors import CheckpointError, SettingsError
from charbert.model import CharBertConfig, CharBertModel
from charbert.model.loading.configurations import read_config
from charbert.text.char_vocab import CharVocab

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved CharBERT."""
    characters = CharVocab.build(["ships"], size=8).to_dict()
    trunk = BertConfig(vocab_size=30, **SIZES)
    model = CharBertModel.from_trunk(trunk, char_vocab=characters, char_embedding_size=4)
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the values in a folder's configuration."""
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_hidden_layers", 10**7, r"trunk_config\.num_hidden_layers must be at most 1000, got 10000000"),
        ("num_hidden_layers", 10**400, r"num_hidden_layers must be at most 1000, got \.\.\."),
        ("vocab_size", 10**12, r"trunk_config\.vocab_size must be at most 10000000"),
        ("max_position_embeddings", 10**9, r"trunk_config\.max_position_embeddings must be at most"),
        ("hidden_size", -(10**9), r"trunk_config\.hidden_size must be at most"),
        ("hidden_size", "wide", "config.json: expected the configuration of a model, got ."),
        ("num_labels", 10**7, r"num_labels must be at most 100000"),
    ],
)
def test_a_size_out_of_bounds_is_refused_at_once(folder: Path, name: str, value: Any, expected: str) -> None:
    edit(folder, lambda config: config["trunk_config"].update({name: value}))
    for read in (read_config, CharBertModel.from_pretrained):
        started = time.process_time()
        with pytest.raises(CheckpointError, match=expected) as error:
            read(folder)
        assert time.process_time() - started < 2 and "\n" not in str(error.value)


def test_every_whole_number_has_a_bound(folder: Path) -> None:
    """One after the other is set to a billion; none takes the memory or the time that it asks for."""
    whole = json.loads((folder / "config.json").read_text())
    started = time.process_time()
    for section in (whole, whole["trunk_config"]):
        for name, value in list(section.items()):
            if isinstance(value, int) and not isinstance(value, bool):
                section[name] = 10**9
                (folder / "config.json").write_text(json.dumps(whole))
                with pytest.raises((CheckpointError, SettingsError), match=f"{name} must be at most"):
                    CharBertModel.from_pretrained(folder)
                section[name] = value
    assert time.process_time() - started < 4


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "[" * 100_000, '{"a":' * 100_000, '{"model_type": "nothing"}'])
def test_a_damaged_configuration_is_refused_in_one_line(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"config\.json: expected the configuration of a model, got") as error:
        read_config(folder)
    assert "\n" not in str(error.value)


def test_values_nested_without_end_are_refused(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert", "a":' + '{"a":' * 100 + "1" + "}" * 101)
    with pytest.raises(CheckpointError, match="nested more than 20 levels deep"):
        read_config(folder)


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation", "_attn_implementation_internal"])
def test_no_file_chooses_the_attention_implementation(folder: Path, key: str, tmp_path: Path) -> None:
    """A name with a slash is that of a kernel, which the library downloads and runs."""
    BertModel(BertConfig(vocab_size=30, **SIZES)).save_pretrained(tmp_path / "trunk")
    edit(folder, lambda config: (config.update({key: "name/kernel"}), config["trunk_config"].update({key: "a/b"})))
    edit(tmp_path / "trunk", lambda config: config.update({key: "name/kernel"}))
    models = [load(folder) for load in (CharBertModel.from_pretrained, AutoModel.from_pretrained)]
    plain = {"char_encoder": "none", "interaction": "none", "head_channels": "token", "nlm_channel": "token"}
    models.append(CharBertModel.from_trunk(tmp_path / "trunk", **plain))
    for model in models:
        for config in (model.config, model.trunk.config):
            assert config._attn_implementation in ("sdpa", "signed_sdpa")  # the library's choice and our form of it
    chosen = CharBertModel.from_pretrained(folder, attn_implementation="eager")  # the caller may
    assert chosen.trunk.config._attn_implementation == "eager"
    assert AutoConfig.from_pretrained(folder)._attn_implementation is None


def test_quantized_weights_whose_kernels_would_be_downloaded_are_refused(folder: Path) -> None:
    edit(folder, lambda config: config.update({"quantization_config": {"quant_method": "mxfp4"}}))
    for read in (read_config, CharBertModel.from_pretrained):
        with pytest.raises(CheckpointError, match="got quantization_config"):
            read(folder)


def test_sizes_of_settings_are_not_those_of_files() -> None:
    """A user's own configuration is built as it is."""
    assert CharBertConfig(trunk_config=BertConfig(**SIZES), char_vocab_size=5).char_vocab_size == 5
