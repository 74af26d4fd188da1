import pytest
import torch
from torch.nn import functional as F

from charbert.model.interaction import HeterogeneousInteraction, ReleasedInteraction, ResidualInteraction
from tests.tolerance import assert_near

ALL = [HeterogeneousInteraction, ReleasedInteraction, ResidualInteraction]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("window", [1, 3, 5])
def test_a_gradient_reaches_only_its_window(kind: type, window: int) -> None:
    torch.manual_seed(0)
    char = torch.randn(1, 9, 8, requires_grad=True)
    token, _ = kind(hidden_size=8, window=window)(torch.randn(1, 9, 8), char)
    token[0, 4, 0].backward()  # one feature: LayerNorm outputs sum to a constant, so a sum has no gradient
    half = window // 2
    assert char.grad.abs().sum(-1).nonzero()[:, 1].tolist() == list(range(4 - half, 5 + half))


@pytest.mark.parametrize("kind", ALL)
def test_masked_positions_are_as_good_as_absent(kind: type) -> None:
    torch.manual_seed(0)
    layer = kind(hidden_size=8)
    token, char = torch.randn(2, 2, 6, 8)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    masked = layer(token, char, mask)
    alone = layer(token[1:, :4], char[1:, :4])
    for ours, theirs in zip(masked, alone, strict=True):
        assert_near(ours[1:, :4], theirs)
    unmasked = layer(token, char)[0]
    assert not torch.allclose(unmasked[1, 3], masked[0][1, 3], atol=1e-3)


def test_paper_interaction_is_equations_3_to_6() -> None:
    torch.manual_seed(0)
    size, length = 4, 5
    layer = HeterogeneousInteraction(size, window=3, norm_eps=1e-5)
    t, h = torch.randn(2, length, size)
    token, char = layer(t[None], h[None])
    w1, w2, w4, w5 = (layer.token_in, layer.char_in, layer.token_out, layer.char_out)
    w = torch.stack([torch.cat([w1.weight @ t[i] + w1.bias, w2.weight @ h[i] + w2.bias]) for i in range(length)])
    padded = torch.cat([torch.zeros(1, 2 * size), w, torch.zeros(1, 2 * size)])
    for i in range(length):
        window = padded[i : i + 3].T  # (2H, 3)
        m = torch.tanh((layer.mix.weight * window).sum(dim=(1, 2)) + layer.mix.bias)
        expected_token = F.layer_norm(t[i] + F.gelu(w4.weight @ m + w4.bias), (size,), eps=1e-5)
        expected_char = F.layer_norm(h[i] + F.gelu(w5.weight @ m + w5.bias), (size,), eps=1e-5)
        assert_near(token[0, i], expected_token)
        assert_near(char[0, i], expected_char)


def test_the_residual_interaction_is_the_papers_before_its_layer_norms() -> None:
    torch.manual_seed(0)
    paper, residual = HeterogeneousInteraction(8), ResidualInteraction(8)
    residual.load_state_dict({k: v for k, v in paper.state_dict().items() if "norm" not in k})
    channels = torch.randn(2, 1, 5, 8)
    for normed, plain in zip(paper(*channels), residual(*channels), strict=True):
        torch.testing.assert_close(F.layer_norm(plain, (8,), eps=1e-12), normed)


def test_released_interaction_is_the_convolution_alone() -> None:
    torch.manual_seed(0)
    layer = ReleasedInteraction(4)
    t, h = torch.randn(2, 1, 5, 4)
    folded = torch.cat(
        [
            torch.einsum("oik,ij->ojk", layer.mix.weight[:, :4], layer.token_in.weight),
            torch.einsum("oik,ij->ojk", layer.mix.weight[:, 4:], layer.char_in.weight),
        ],
        dim=1,
    )
    fused = F.conv1d(torch.cat([t, h], -1).transpose(1, 2), folded, layer.mix.bias, padding=1).transpose(1, 2)
    token, char = layer(t, h)
    torch.testing.assert_close(token, layer.token_norm(t + fused))
    torch.testing.assert_close(char, layer.char_norm(h + fused))
