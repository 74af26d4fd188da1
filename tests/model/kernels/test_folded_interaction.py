import pytest
import torch

from charbert.model.interaction import HeterogeneousInteraction, ReleasedInteraction, ResidualInteraction

ALL = [HeterogeneousInteraction, ReleasedInteraction, ResidualInteraction]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("lengths", [None, (6, 4)])
def test_folded_maps_give_the_same_values_and_gradients(
    kind: type, window: int, lengths: tuple[int, int] | None
) -> None:
    torch.manual_seed(0)
    layer = kind(hidden_size=8, window=window).double()
    token, char = torch.randn(2, 2, 6, 8, dtype=torch.float64)
    mask = None if lengths is None else torch.arange(6) < torch.tensor(lengths)[:, None]
    results = []
    for kernel in (None, layer.fold()):
        outputs = layer(token, char, mask, kernel)
        results.append((*outputs, *torch.autograd.grad(sum(o.sin().sum() for o in outputs), list(layer.parameters()))))
    for apart, folded in zip(*results, strict=True):
        torch.testing.assert_close(folded, apart, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("register", ["register_forward_hook", "register_full_backward_hook"])
def test_a_map_that_is_watched_or_wrapped_is_not_folded(register: str) -> None:
    layer = HeterogeneousInteraction(8)
    assert layer.fold() is not None
    handle = getattr(layer.char_in, register)(lambda *_: None)
    assert layer.fold() is None
    handle.remove()
    layer.token_in = torch.nn.Sequential(layer.token_in)
    assert layer.fold() is None
