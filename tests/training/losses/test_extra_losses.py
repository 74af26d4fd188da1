"""Weights of labels in the loss."""

import torch
from torch import nn
from torch.nn import functional as F

from charbert.training.losses.extra_losses import ClassWeightedLoss

WEIGHTS = [1.0, 3.0, 0.5]


def weighted(logits: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
    loss, parts = ClassWeightedLoss(WEIGHTS)(nn.Identity(), batch, {"logits": logits}, torch.tensor(7.0))
    assert parts == {"unweighted": torch.tensor(7.0)}
    return loss


def test_it_is_the_weighted_cross_entropy_of_torch() -> None:
    logits, labels = torch.randn(6, 3), torch.tensor([0, 1, 2, 1, 0, 0])
    expected = F.cross_entropy(logits, labels, torch.tensor(WEIGHTS))
    torch.testing.assert_close(weighted(logits, labels=labels), expected)


def test_tags_are_weighted_one_by_one_and_padding_counts_nothing() -> None:
    logits, labels = torch.randn(2, 4, 3, requires_grad=True), torch.tensor([[0, -100, 1, 2], [2, 1, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    loss = weighted(logits, labels=labels, attention_mask=mask)
    seen = torch.tensor([0, 1, 2, 2, 1])
    rows = torch.stack([logits[0, 0], logits[0, 2], logits[0, 3], logits[1, 0], logits[1, 1]])
    torch.testing.assert_close(loss, F.cross_entropy(rows, seen, torch.tensor(WEIGHTS)))
    loss.backward()
    assert logits.grad is not None and logits.grad.abs().sum(-1).ne(0).sum() == 5


def test_a_batch_without_labels_has_no_loss_but_a_graph() -> None:
    logits = torch.randn(2, 3, 3, requires_grad=True)
    loss = weighted(logits, labels=torch.full((2, 3), -100))
    loss.backward()
    assert loss.item() == 0
