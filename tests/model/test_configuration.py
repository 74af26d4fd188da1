from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, ModernBertConfig, PreTrainedConfig

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertForTokenClassification, CharBertModel


def test_a_saved_configuration_comes_back_whole(make_config: Callable[..., CharBertConfig], tmp_path: Path) -> None:
    config = make_config("modernbert", num_labels=5, head_channels="char", share_interaction=True)
    config.save_pretrained(tmp_path)
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert isinstance(loaded, CharBertConfig)
    assert isinstance(loaded.trunk_config, ModernBertConfig)
    ours, theirs = config.to_dict(), loaded.to_dict()
    for volatile in ("transformers_version", "_name_or_path"):
        ours.pop(volatile, None), theirs.pop(volatile, None)
    assert theirs == ours
    assert loaded.num_labels == 5


def test_defaults_follow_the_variant_and_the_trunk(make_config: Callable[..., CharBertConfig]) -> None:
    paper, bert, roberta = (
        make_config(),
        make_config(variant="released"),
        make_config("roberta", variant="released"),
    )
    assert (paper.interaction, paper.share_interaction, paper.nlm_norm) == ("paper", False, "none")
    assert (bert.interaction, bert.share_interaction, bert.nlm_norm) == ("released", True, "own")
    assert roberta.nlm_norm == "shared"
    assert (paper.hidden_size, paper.char_hidden_size, paper.head_size) == (16, 4, 32)
    assert make_config(char_encoder="none", nlm_vocab_size=0).head_size == 16


def test_settings_that_the_library_reads_of_every_model_are_the_trunks(
    make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    config = make_config("roberta")
    names = ("vocab_size", "max_position_embeddings", "num_attention_heads", "pad_token_id", "bos_token_id")
    assert [getattr(config, name) for name in names] == [getattr(config.trunk_config, name) for name in names]
    config.pad_token_id = 5
    config.save_pretrained(tmp_path)
    assert AutoConfig.from_pretrained(tmp_path).trunk_config.pad_token_id == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "papre"}, "variant must be one of paper, released"),
        ({"char_encoder": "cnn"}, "char_encoder must be one of"),
        ({"interaction_window": 4}, "interaction_window must be odd"),
        ({"interaction_window": -1}, "interaction_window must be odd"),
        ({"char_hidden_size": 5}, "quarter of the trunk's hidden size 16"),
        ({"char_embedding_size": 0}, "char_embedding_size must be positive"),
        ({"nlm_vocab_size": -1}, "nlm_vocab_size must be 0 or more"),
        ({"classifier_dropout": 1.0}, "classifier_dropout must be in"),
        ({"char_encoder": "none"}, "set nlm_channel='token'"),
        (
            {"char_encoder": "none", "nlm_vocab_size": 0, "head_channels": "char"},
            "head_channels='char' needs",
        ),
        ({"char_vocab": None}, "needs char_vocab or char_vocab_size"),
        ({"char_vocab_size": 21}, "char_vocab lists 20 characters"),
        ({"char_vocab": {"characters": ["a"]}}, r"needs characters and pad_id, got \['characters'\]"),
        ({"char_vocab": {"characters": ["a"], "pad_id": 1}}, "pad_id must be an id below 1"),
        ({"nlm_norm": "shared", "mlm_objective": False}, "mlm_objective=False"),
    ],
)
def test_a_contradiction_is_refused_with_its_setting(
    settings: dict[str, Any], message: str, make_config: Callable[..., CharBertConfig]
) -> None:
    with pytest.raises(SettingsError, match=message):
        make_config(**settings)


def test_a_hidden_size_that_four_states_cannot_fill_is_refused(
    trunk_config: Callable[..., PreTrainedConfig], char_vocab: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="hidden size 18"):
        CharBertConfig(trunk_config=trunk_config("bert", hidden_size=18), char_vocab=char_vocab)


def test_a_trunk_without_a_type_is_refused() -> None:
    with pytest.raises(SettingsError, match="no model_type"):
        CharBertConfig(trunk_config={"hidden_size": 16}, char_vocab_size=3)


@pytest.mark.parametrize(
    "load",
    [CharBertModel.from_pretrained, CharBertForTokenClassification.from_pretrained, CharBertConfig.from_pretrained],
)
def test_a_trunk_loaded_as_a_charbert_is_refused_with_the_way_to_start_from_it(
    load: Callable[..., Any], trunk_config: Callable[..., PreTrainedConfig], tmp_path: Path
) -> None:
    trunk = trunk_config("bert")
    BertModel(trunk).save_pretrained(tmp_path)
    with pytest.raises(SettingsError, match="got one of 'bert'; from_trunk of a model starts from it"):
        load(tmp_path)
    with pytest.raises(SettingsError, match="got one of 'bert'; from_trunk"):
        CharBertModel(trunk)


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"unknown CharBertConfig settings \['char_hiden_size'\]"):
        CharBertConfig.check_names(["char_hiden_size", "num_labels"])


def test_a_saved_configuration_does_not_tell_where_the_trunk_lay(tmp_path: Path) -> None:
    trunk = BertConfig(name_or_path="/somewhere/of/mine", num_hidden_layers=1)
    CharBertConfig(trunk_config=trunk, char_encoder="none").save_pretrained(tmp_path)
    assert "/somewhere/of/mine" not in (tmp_path / "config.json").read_text()
    assert trunk.name_or_path == "/somewhere/of/mine"


def test_the_librarys_variant_of_weight_files_is_no_setting(
    make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    CharBertModel(make_config(variant="released", nlm_norm="own")).save_pretrained(tmp_path, variant="fp16")
    assert (tmp_path / "model.fp16.safetensors").is_file()
    assert AutoModel.from_pretrained(tmp_path, variant="fp16").config.variant == "released"


def test_settings_given_while_loading_reach_the_trunk_and_are_checked(
    make_config: Callable[..., CharBertConfig], tmp_path: Path
) -> None:
    make_config().save_pretrained(tmp_path)
    given = {"hidden_dropout_prob": 0.4, "num_hidden_layers": 1, "classifier_dropout": 0.2, "nonsense": 3}
    config, unused = AutoConfig.from_pretrained(tmp_path, **given, return_unused_kwargs=True)
    assert (config.trunk_config.hidden_dropout_prob, config.trunk_config.num_hidden_layers) == (0.4, 1)
    assert config.classifier_dropout == 0.2 and unused == {"nonsense": 3}
    with pytest.raises(SettingsError, match="interaction must be one of"):
        AutoConfig.from_pretrained(tmp_path, interaction="papre")
    with pytest.raises(SettingsError, match="quarter of the trunk's hidden size 32"):
        AutoConfig.from_pretrained(tmp_path, hidden_size=32)
