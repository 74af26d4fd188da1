from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.model.losses import labelled_loss, mean_cross_entropy


def test_loss_is_the_mean_over_labelled_positions() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 4), torch.tensor([1, IGNORED_LABEL, 0, 3, IGNORED_LABEL])
    torch.testing.assert_close(mean_cross_entropy(logits, labels), F.cross_entropy(logits, labels))


def test_no_label_means_zero_with_a_graph() -> None:
    torch.manual_seed(0)
    head, states = nn.Linear(3, 4), torch.randn(2, 5, 3, requires_grad=True)
    scored = labelled_loss(head, states, torch.full((2, 5), IGNORED_LABEL))
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
    scored = labelled_loss(head, states, labels)
    assert seen == [(3, 3)]
    assert (scored.count.item(), scored.correct.item()) == (3, 2)
    assert not scored.correct.requires_grad
