from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertModel
from charbert.model.interaction_start import state_scales
from tests.model.conftest import TRUNKS

Trunks = Callable[..., PreTrainedConfig]


def pretrained(config: PreTrainedConfig, gain: float = 0.5) -> PreTrainedModel:
    """Return a trunk whose norms scale, as those of pretrained ones do."""
    torch.manual_seed(0)
    trunk = AutoModel.from_config(config).eval()
    for module in trunk.modules():
        if isinstance(module, nn.LayerNorm):
            nn.init.constant_(module.weight, gain)
            if module.bias is not None:
                nn.init.constant_(module.bias, 0.25)
    return trunk


def built(trunk: PreTrainedModel, char_vocab: dict[str, Any], **settings: Any) -> CharBertModel:
    torch.manual_seed(1)
    return CharBertModel.from_trunk(trunk, char_vocab=char_vocab, char_embedding_size=8, **settings).eval()


def states(model: CharBertModel) -> torch.Tensor:
    """Return the token channel's states of a few subwords after each layer, (L, 1, T, H)."""
    subwords = torch.tensor([[5, 6, 7, 8, 9]])
    starts = torch.arange(5)[None] * 3
    inputs = {"char_input_ids": torch.arange(4, 19)[None], "start_ids": starts, "end_ids": starts + 1}
    with torch.no_grad():
        hidden_states = model(subwords, **inputs, output_hidden_states=True).token_hidden_states
    return torch.stack(hidden_states[1:])


@pytest.mark.parametrize("model_type", TRUNKS)
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("interaction", ["paper", "released"])
def test_a_start_at_the_trunk_leaves_its_states_nearly_as_they_are(
    model_type: str, shared: bool, interaction: str, trunk_config: Trunks, char_vocab: dict[str, Any]
) -> None:
    trunk = pretrained(trunk_config(model_type))
    settings = {"interaction": interaction, "share_interaction": shared}
    alone = states(built(trunk, char_vocab, interaction="none"))
    near, far = (
        (states(built(trunk, char_vocab, interaction_start=start, **settings)) - alone).norm() / alone.norm()
        for start in ("trunk", "random")
    )
    assert near < 0.75 * far


def test_states_that_a_norm_left_are_given_back(trunk_config: Trunks, char_vocab: dict[str, Any]) -> None:
    trunk = pretrained(trunk_config("bert"))
    alone, near = (
        states(built(trunk, char_vocab, **settings))
        for settings in ({"interaction": "none"}, {"interaction_start": "trunk"})
    )
    torch.testing.assert_close(near, alone, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("model_type", TRUNKS)
def test_a_residual_interaction_that_starts_at_the_trunk_is_the_trunk(
    model_type: str, trunk_config: Trunks, char_vocab: dict[str, Any]
) -> None:
    trunk = pretrained(trunk_config(model_type))
    alone = states(built(trunk, char_vocab, interaction="none"))
    residual = states(built(trunk, char_vocab, interaction="residual", interaction_start="trunk"))
    torch.testing.assert_close(residual, alone, rtol=0, atol=0)
    moved = states(built(trunk, char_vocab, interaction="residual"))
    assert not torch.allclose(moved, alone)


def test_all_else_is_drawn_as_with_a_random_start(trunk_config: Trunks, char_vocab: dict[str, Any]) -> None:
    trunk = pretrained(trunk_config("bert"))
    random, near = (built(trunk, char_vocab, interaction_start=start).state_dict() for start in ("random", "trunk"))
    changed = {name for name in random if not torch.equal(random[name], near[name])}
    assert {name.split(".")[2] for name in changed} == {"token_out", "char_out", "token_norm", "char_norm"}
    assert all(name.startswith("interactions.") for name in changed)


@pytest.mark.parametrize("interaction", ["paper", "residual"])
def test_interactions_that_add_nothing_still_learn(
    interaction: str, trunk_config: Trunks, char_vocab: dict[str, Any]
) -> None:
    settings = {"interaction": interaction, "interaction_start": "trunk"}
    model = built(pretrained(trunk_config("bert")), char_vocab, **settings)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    subwords, starts = torch.tensor([[5, 6, 7]]), torch.tensor([[0, 3, 6]])
    for _ in range(2):  # the maps before the last ones have a gradient once those are no longer zero
        optimizer.zero_grad()
        output = model(subwords, char_input_ids=torch.arange(4, 13)[None], start_ids=starts, end_ids=starts + 1)
        F.mse_loss(output.token_states, torch.ones_like(output.token_states)).backward()
        optimizer.step()
    gradients = {name: p.grad.abs().sum().item() for name, p in model.interactions[0].named_parameters()}
    assert all(value > 0 for value in gradients.values()), gradients


def test_scales_are_of_each_layer(trunk_config: Trunks) -> None:
    trunk = pretrained(trunk_config("bert"), gain=0.5).train()
    scales = state_scales(trunk)
    assert len(scales) == trunk.config.num_hidden_layers
    assert all(scale == pytest.approx((0.25, 0.5), abs=1e-3) for scale in scales)
    assert trunk.training
    assert scales == state_scales(trunk.eval())  # without dropout in both


def test_a_shared_interaction_keeps_the_mean_scale_of_the_layers(
    trunk_config: Trunks, char_vocab: dict[str, Any]
) -> None:
    trunk = pretrained(trunk_config("bert"), gain=0.5)
    nn.init.constant_(trunk.encoder.layer[1].output.LayerNorm.weight, 1.5)
    (shared,) = built(trunk, char_vocab, interaction_start="trunk", share_interaction=True).interactions
    for norm in (shared.token_norm, shared.char_norm):
        torch.testing.assert_close(norm.weight, torch.ones(16), rtol=0, atol=1e-3)
        torch.testing.assert_close(norm.bias, torch.full((16,), 0.25), rtol=0, atol=1e-3)


def test_an_unknown_start_is_refused(make_config: Callable[..., CharBertConfig]) -> None:
    with pytest.raises(SettingsError, match="interaction_start must be one of random, trunk"):
        make_config(interaction_start="zero")
