import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel, DebertaV2Config, PreTrainedConfig

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertModel
from charbert.model.kernels.cpu_attention import chosen_attention
from charbert.model.trunk import build_trunk, check_length, trunk_adapter, usable_positions
from tests.model.conftest import SETTINGS
from tests.tolerance import assert_near

ROOT = Path(__file__).parents[2]
FAMILIES = tuple(SETTINGS)
EAGER_ONLY = ("mpnet", "deberta-v2", "deberta-v3")


def tokens_of(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_without_a_char_channel_the_model_is_its_trunk_to_the_bit(
    family: str, attention: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    config = make_config(family, char_encoder="none", nlm_vocab_size=0, attn_implementation=attention)
    model = CharBertModel(config).eval()
    implementation = "eager" if family in EAGER_ONLY else attention
    assert chosen_attention(model.trunk.config) == implementation
    twin = AutoModel.from_config(copy.deepcopy(config.trunk_config), attn_implementation=implementation).eval()
    twin.load_state_dict(model.trunk.state_dict(), strict=False)
    with torch.no_grad():
        ours = model(**batch, output_hidden_states=True)
        theirs = twin(**tokens_of(batch), output_hidden_states=True)
    assert torch.equal(ours.token_states, theirs.last_hidden_state)
    assert ours.char_states is None
    assert len(ours.token_hidden_states) == len(theirs.hidden_states)
    assert torch.equal(ours.token_hidden_states[1], theirs.hidden_states[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_without_interaction_the_token_channel_is_the_trunk(
    family: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(family, interaction="none")).eval()
    assert len(model.interactions) == 0
    with torch.no_grad():
        ours = model(**batch)
        theirs = model.trunk(**tokens_of(batch)).last_hidden_state
    assert_near(ours.token_states, theirs)
    assert not torch.allclose(ours.char_states, theirs, atol=1e-2)


def test_token_types_reach_a_trunk_that_has_them(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config()).eval()
    types = torch.ones_like(batch["input_ids"])
    assert not torch.equal(model(**batch).token_states, model(**batch, token_type_ids=types).token_states)


@pytest.mark.parametrize("unsupported", ["bart", "t5", "longformer", "xlnet", "deberta"])
def test_another_family_is_refused_in_one_line_that_lists_what_works(unsupported: str) -> None:
    known = "albert, bert, camembert, deberta-v2, distilbert, electra, modernbert, mpnet, roberta, xlm-roberta"
    with pytest.raises(SettingsError, match=f"^trunk_config.model_type must be one of {known}; got '{unsupported}'$"):
        trunk_adapter(AutoConfig.for_model(unsupported))


def test_a_charbert_given_as_a_trunk_is_refused_with_the_setting_that_takes_it() -> None:
    with pytest.raises(SettingsError, match=r"got 'charbert'; .*model=charbert_pretrained model\.pretrained=FOLDER"):
        trunk_adapter(AutoConfig.from_pretrained(ROOT / "models/charbert-minilm"))


def test_an_albert_with_several_layers_in_a_group_is_refused(trunk_config: Callable[..., PreTrainedConfig]) -> None:
    with pytest.raises(SettingsError, match="inner_group_num must be 1, got 2"):
        trunk_adapter(trunk_config("albert", inner_group_num=2))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_shared_layer_is_stepped_once_for_each_layer_of_the_configuration(
    groups: int, trunk_config: Callable[..., PreTrainedConfig], char_vocab: dict[str, Any], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    config = trunk_config("albert", num_hidden_layers=4, num_hidden_groups=groups)
    model = CharBertModel(CharBertConfig(trunk_config=config, char_vocab=char_vocab)).eval()
    runs: list[int] = []
    for number, group in enumerate(model.trunk.encoder.albert_layer_groups):
        group.albert_layers[0].register_forward_hook(lambda *_, number=number: runs.append(number))
    states = model(**batch, output_hidden_states=True)
    assert runs == ([0] * 4 if groups == 1 else [0, 0, 1, 1])
    assert len(model.interactions) == 4 and len(states.token_hidden_states) == 5


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_without_a_mask_is_read_as_the_trunk_does(
    family: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(family, interaction="none")).eval()
    del batch["attention_mask"]
    with torch.no_grad():
        assert_near(model(**batch).token_states, model.trunk(batch["input_ids"]).last_hidden_state)


def test_a_decoder_is_refused(trunk_config: Callable[..., PreTrainedConfig]) -> None:
    with pytest.raises(SettingsError, match="is_decoder must be False"):
        trunk_adapter(trunk_config("bert", is_decoder=True))


def test_the_pooler_is_built_only_where_it_is_asked_for(
    trunk_config: Callable[..., PreTrainedConfig],
) -> None:
    assert build_trunk(trunk_config("bert"), pooler=False).pooler is None
    assert build_trunk(trunk_config("bert"), pooler=True).pooler is not None
    assert not hasattr(build_trunk(trunk_config("electra"), pooler=True), "pooler")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trunk_reads_as_many_subwords_as_it_has_usable_positions(
    family: str, trunk_config: Callable[..., PreTrainedConfig]
) -> None:
    config = trunk_config(family, pad_token_id=1)
    usable = usable_positions(config)
    trunk = build_trunk(config, pooler=False).eval()
    longest = torch.full((1, usable or 100), 5)
    assert trunk(input_ids=longest).last_hidden_state.shape[1] == longest.shape[1]
    if usable is not None:
        with pytest.raises((IndexError, RuntimeError)):
            trunk(input_ids=torch.full((1, usable + 1), 5))


def test_the_positions_of_a_model_are_those_of_its_trunk(make_config: Callable[..., CharBertConfig]) -> None:
    assert usable_positions(make_config("roberta")) == 31
    assert usable_positions(make_config("modernbert")) is None
    check_length("finetuning.max_length", 31, make_config("roberta"))
    with pytest.raises(SettingsError, match=r"finetuning\.max_length must be at most 31 subwords.*, got 32"):
        check_length("finetuning.max_length", 32, make_config("roberta"))


def test_relative_positions_have_no_bound() -> None:
    assert usable_positions(DebertaV2Config(position_biased_input=False)) is None
    assert usable_positions(DebertaV2Config(position_biased_input=True)) == 512
