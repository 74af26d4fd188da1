from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.model.losses import ROWS_AT_A_TIME, labeled_loss, mean_cross_entropy, vocabulary_cross_entropy
from tests.tolerance import ROUNDINGS, assert_near


def test_loss_is_the_mean_over_labelled_positions() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 4), torch.tensor([1, IGNORED_LABEL, 0, 3, IGNORED_LABEL])
    torch.testing.assert_close(mean_cross_entropy(logits, labels), F.cross_entropy(logits, labels))


def test_no_label_means_zero_with_a_graph() -> None:
    torch.manual_seed(0)
    head, states = nn.Linear(3, 4), torch.randn(2, 5, 3, requires_grad=True)
    scored = labeled_loss(head, states, torch.full((2, 5), IGNORED_LABEL))
    scored.loss.backward()
    assert (scored.loss.item(), scored.count.item(), scored.correct.item()) == (0, 0, 0)
    assert head.weight.grad.abs().max() == 0 and states.grad.abs().max() == 0


def test_only_labelled_positions_are_scored_and_counted() -> None:
    seen: list[torch.Size] = []

    def head(states: torch.Tensor) -> torch.Tensor:
        seen.append(states.shape)
        return states

    states = torch.eye(3).expand(2, 3, 3)  # position i predicts class i
    labels = torch.tensor([[0, IGNORED_LABEL, 1], [IGNORED_LABEL, 1, IGNORED_LABEL]])
    scored = labeled_loss(head, states, labels)
    assert seen == [(ROWS_AT_A_TIME, 3)]  # filled up, so that most batches have one shape
    assert (scored.count.item(), scored.correct.item()) == (3, 2)
    assert not scored.correct.requires_grad


def test_positions_without_a_label_of_their_own_are_counted_apart() -> None:
    states = torch.eye(4).expand(2, 4, 4)  # position i predicts class i
    labels = torch.tensor([[0, 2, IGNORED_LABEL, 3], [1, 1, 3, 3]])
    plain = labeled_loss(lambda states: states, states, labels)
    apart = labeled_loss(lambda states: states, states, labels, unknown=3)
    assert (apart.loss, apart.count, apart.correct) == (plain.loss, plain.count, plain.correct)
    assert (apart.count.item(), apart.correct.item()) == (7, 4)
    assert (apart.known_count.item(), apart.known_correct.item()) == (4, 2)
    assert plain.known_count is None


def test_filling_up_changes_neither_loss_nor_gradients() -> None:
    torch.manual_seed(0)
    head, states = nn.Linear(6, 9), torch.randn(4, 50, 6, requires_grad=True)
    labels = torch.randint(0, 9, (4, 50))
    labels[torch.rand(4, 50) < 0.3] = IGNORED_LABEL
    wanted = F.cross_entropy(head(states).flatten(0, 1), labels.flatten())
    padded_loss = labeled_loss(head, states, labels).loss
    torch.testing.assert_close(padded_loss, wanted)
    for weight in (states, head.weight, head.bias):
        gradient, wanted_gradient = (
            torch.autograd.grad(loss, weight, retain_graph=True)[0] for loss in (padded_loss, wanted)
        )
        torch.testing.assert_close(gradient, wanted_gradient)


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
