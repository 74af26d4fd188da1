import pytest
import torch
from torch import nn

from charbert.model.kernels.random_masks import MaskDropout, draw_signs, drop_threshold, keep_scale, replace_dropout

TYPES = [torch.float32, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5, 0.9])
def test_numbers_are_negative_as_often_as_asked(probability: float) -> None:
    torch.manual_seed(0)
    share = (draw_signs(torch.Size([1000, 1001]), probability) < 0).double().mean().item()
    assert share == pytest.approx(probability, abs=5 * (probability * (1 - probability) / 1_001_000) ** 0.5)


def test_each_number_is_drawn_for_itself() -> None:
    torch.manual_seed(0)
    dropped = (draw_signs(torch.Size([10**6]), 0.3) < 0).double() - 0.3
    for distance in (1, 2, 3, 4, 8):  # four numbers come from one draw of the generator
        correlation = (dropped[distance:] * dropped[:-distance]).mean().item() / (0.3 * 0.7)
        assert abs(correlation) < 0.005


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_values_are_dropped_or_scaled_and_gradients_alike(dtype: torch.dtype, probability: float) -> None:
    torch.manual_seed(0)
    values = (torch.rand(300, 301) + 1).to(dtype).requires_grad_()
    result = MaskDropout(probability)(values)
    kept = result != 0
    scaled = values.detach() * keep_scale(probability)
    assert torch.equal(result[kept], scaled[kept])
    result.backward(torch.ones_like(result))
    assert torch.equal(values.grad != 0, kept)
    assert torch.equal(values.grad, kept.to(dtype) * keep_scale(probability))


def test_the_expectation_stays_as_it_is() -> None:
    for probability in (0.07, 0.1, 1 / 3):
        kept = 1 - drop_threshold(probability) / 2**15
        assert kept * keep_scale(probability) == pytest.approx(1, abs=1e-12)
        assert kept == pytest.approx(1 - probability, abs=2**-16)


def test_the_same_seed_drops_the_same_values() -> None:
    values, dropout = torch.ones(50, 50), MaskDropout(0.5)
    torch.manual_seed(3)
    first, second = dropout(values), dropout(values)
    torch.manual_seed(3)
    assert torch.equal(dropout(values), first)
    assert not torch.equal(first, second)


def test_a_view_with_gaps_is_dropped_as_its_copy() -> None:
    values, dropout = torch.randn(7, 9), MaskDropout(0.4)
    torch.manual_seed(1)
    of_view = dropout(values.t())
    torch.manual_seed(1)
    assert torch.equal(of_view, dropout(values.t().contiguous()))


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_nothing_and_everything_can_be_dropped(probability: float) -> None:
    values = torch.ones(4, 4)
    assert torch.equal(MaskDropout(probability)(values), values * (1 - probability))


def test_evaluation_drops_nothing() -> None:
    values = torch.randn(4, 4)
    assert MaskDropout(0.9).eval()(values) is values


def test_doubles_are_dropped_as_pytorch_does_it() -> None:
    values = torch.ones(20, 20, dtype=torch.float64)
    torch.manual_seed(0)
    ours = MaskDropout(0.5)(values)
    torch.manual_seed(0)
    assert torch.equal(ours, nn.functional.dropout(values, 0.5))


def test_plain_dropout_alone_is_replaced() -> None:
    model = nn.Sequential(nn.Dropout(0.2), nn.Sequential(nn.Dropout(0.3), nn.Dropout1d(0.4)))
    replace_dropout(model)
    inner = model[1]
    assert isinstance(inner, nn.Sequential)
    assert [type(model[0]), type(inner[0]), type(inner[1])] == [MaskDropout, MaskDropout, nn.Dropout1d]
    assert [model[0].p, inner[0].p] == [0.2, 0.3]
