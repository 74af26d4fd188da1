import pytest
import torch
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.model.kernels.vocabulary_loss import vocabulary_cross_entropy
from tests.tolerance import ROUNDINGS, assert_near


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_cross_entropy_over_a_vocabulary_is_the_library_s(dtype: torch.dtype, rows: int) -> None:
    torch.manual_seed(0)
    logits = (3 * torch.randn(rows, 40)).to(dtype).requires_grad_()
    targets = torch.randint(40, (rows,))
    targets[::3] = IGNORED_LABEL
    targets[1::3] = logits[1::3].argmax(-1)
    total, hits = vocabulary_cross_entropy(logits, targets)
    expected = F.cross_entropy(logits.float(), targets, reduction="sum")
    assert_near(total, expected)
    assert torch.equal(hits, logits.argmax(-1) == targets)
    weighted = [torch.autograd.grad(0.3 * loss, logits)[0] for loss in (total, expected)]
    assert_near(*weighted, roundings=1 if dtype is torch.bfloat16 else ROUNDINGS)  # computed in 32 bits, rounded once


def test_of_equal_scores_the_first_is_the_prediction() -> None:
    logits = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    assert vocabulary_cross_entropy(logits, torch.tensor([0, 1]))[1].tolist() == [True, False]


def test_scores_are_not_changed_by_their_loss() -> None:
    logits = torch.randn(5, 7)
    before = logits.clone()
    vocabulary_cross_entropy(logits, torch.arange(5))
    assert torch.equal(logits, before)
