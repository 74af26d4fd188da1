from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from charbert.model import CharBertConfig, CharBertModel
from charbert.model.kernels import cpu_attention
from charbert.model.kernels.cpu_attention import SIGNED_ATTENTION, signed_attention
from charbert.model.kernels.random_masks import draw_signs, keep_scale
from tests.tolerance import assert_near

BATCH, HEADS, LENGTH, SIZE = 3, 2, 7, 4


class Attention(nn.Module):
    is_causal = False


def parts(dtype: torch.dtype = torch.float32) -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.randn(BATCH, HEADS, LENGTH, SIZE).to(dtype).requires_grad_() for _ in range(3)]


def padding() -> Tensor:
    read = torch.arange(LENGTH) < torch.tensor([7, 4, 1])[:, None]
    return read[:, None, None].expand(BATCH, 1, LENGTH, LENGTH)


def restated(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    """Attention with the masks that the seed gives, written out."""
    scores = query @ key.transpose(2, 3) / SIZE**0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    kept = draw_signs(torch.Size([BATCH * HEADS, LENGTH, LENGTH]), dropout).view(BATCH, HEADS, LENGTH, LENGTH) >= 0
    return ((scores.softmax(-1) * kept * keep_scale(dropout)) @ value).transpose(1, 2)


@pytest.mark.parametrize("mask", [None, padding(), padding().tril()], ids=["all", "padding", "each its own"])
def test_values_and_gradients_are_those_of_attention_with_dropout(mask: Tensor | None) -> None:
    inputs = parts()
    weights = torch.randn(BATCH, LENGTH, HEADS, SIZE)
    results = []
    for attend in (lambda *given: signed_attention(Attention(), *given)[0], restated):
        torch.manual_seed(5)
        context = attend(*inputs, mask, 0.3)
        gradients = torch.autograd.grad((context * weights).sum(), inputs)
        results.append((context, *gradients))
    for ours, theirs in zip(*results, strict=True):
        assert_near(ours, theirs)


def test_parts_that_fit_the_cache_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    def gradient_of_query() -> Tensor:
        inputs = parts()
        context = signed_attention(Attention(), *inputs, padding(), 0.0001)[0]
        return torch.autograd.grad(context.square().sum(), inputs)[0]

    torch.manual_seed(5)  # too few values for one to be dropped
    whole = gradient_of_query()
    monkeypatch.setattr(cpu_attention, "_CACHED_VALUES", 2 * LENGTH**2)
    assert_near(gradient_of_query(), whole)


def test_in_bfloat16_it_stays_as_near_as_the_precision_allows() -> None:
    exact, rounded = (
        (torch.manual_seed(1), signed_attention(Attention(), *parts(dtype), padding(), 0.2)[0])[1].float()
        for dtype in (torch.float32, torch.bfloat16)
    )
    torch.testing.assert_close(rounded, exact, rtol=0.05, atol=0.05)


def test_without_dropout_it_is_the_fused_attention() -> None:
    query, key, value = parts()
    context = signed_attention(Attention(), query, key, value, padding(), dropout=0.0)[0]
    expected = F.scaled_dot_product_attention(query, key, value, padding()).transpose(1, 2)
    torch.testing.assert_close(context, expected)


@pytest.mark.parametrize("family", ["bert", "distilbert", "modernbert"])
def test_a_trunk_runs_it_in_training_and_reads_the_same_otherwise(
    family: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = CharBertModel(make_config(family))
    assert model.trunk.config._attn_implementation == SIGNED_ATTENTION
    eager = CharBertModel(make_config(family, attn_implementation="eager"))
    eager.load_state_dict(model.state_dict())
    states = [trunk.eval()(**batch).token_states for trunk in (model, eager)]
    real = batch["attention_mask"].bool()
    assert_near(states[0][real], states[1][real])
    calls: list[int] = []
    apply = cpu_attention._DroppedAttention.apply
    monkeypatch.setattr(cpu_attention._DroppedAttention, "apply", lambda *given: (calls.append(1), apply(*given))[1])
    from charbert.model.adaptation.dropout import set_dropout

    set_dropout(model, attention=0.1)
    model.train()(**batch).token_states.sum().backward()
    assert len(calls) == model.config.num_hidden_layers
