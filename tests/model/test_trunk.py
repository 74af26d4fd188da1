from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from transformers import AutoModel, BartConfig, PreTrainedConfig

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertModel
from charbert.model.trunk import build_trunk, trunk_adapter
from tests.tolerance import assert_near

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "modernbert")


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
    twin = AutoModel.from_config(config.trunk_config, attn_implementation=attention).eval()
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


def test_an_unknown_family_is_refused_with_the_names_of_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"albert, bert, camembert, deberta-v2, distilbert, electra.*got 'bart'"):
        trunk_adapter(BartConfig())


def test_a_decoder_is_refused(trunk_config: Callable[..., PreTrainedConfig]) -> None:
    with pytest.raises(SettingsError, match="is_decoder must be False"):
        trunk_adapter(trunk_config("bert", is_decoder=True))


def test_the_pooler_is_built_only_where_it_is_asked_for(
    trunk_config: Callable[..., PreTrainedConfig],
) -> None:
    assert build_trunk(trunk_config("bert"), pooler=False).pooler is None
    assert build_trunk(trunk_config("bert"), pooler=True).pooler is not None
    assert not hasattr(build_trunk(trunk_config("electra"), pooler=True), "pooler")
