import pytest
import torch
from torch import nn
from torch.nn import functional as F

from charbert.batch import IGNORED_LABEL
from charbert.errors import SettingsError
from charbert.model.losses import ROWS_AT_A_TIME, labeled_loss, mean_cross_entropy, problem_of, sequence_loss


def test_loss_is_the_mean_over_labeled_positions() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(5, 4), torch.tensor([1, IGNORED_LABEL, 0, 3, IGNORED_LABEL])
    torch.testing.assert_close(mean_cross_entropy(logits, labels), F.cross_entropy(logits, labels))


def test_the_loss_of_half_precision_scores_is_computed_in_float32() -> None:
    logits, classes = torch.randn(5, 4).bfloat16(), torch.tensor([1, 0, 0, 3, 2])
    assert torch.equal(mean_cross_entropy(logits, classes), F.cross_entropy(logits.float(), classes))
    scores = logits[:, :1]
    assert torch.equal(sequence_loss(scores, classes, "regression"), F.mse_loss(scores.float()[:, 0], classes.float()))


@pytest.mark.parametrize(("outputs", "problem"), [(1, "regression"), (4, "single_label_classification")])
def test_labels_may_be_whole_numbers_of_any_width(outputs: int, problem: str) -> None:
    logits, labels = torch.randn(5, outputs, requires_grad=True), torch.tensor([1, 0, 0, 3, 2])
    expected = sequence_loss(logits, labels.float() if outputs == 1 else labels, problem)
    for dtype in (torch.int32, torch.int64):
        given = labels.to(dtype)
        assert problem_of(given, outputs) == problem
        loss = sequence_loss(logits, given, problem)
        loss.backward()
        assert torch.equal(loss, expected)


def test_an_unknown_problem_is_refused_rather_than_taken_for_classes() -> None:
    with pytest.raises(SettingsError, match="got 'regresion'"):
        sequence_loss(torch.randn(2, 1), torch.tensor([0, 0]), "regresion")


def test_no_label_means_zero_with_a_graph() -> None:
    torch.manual_seed(0)
    head, states = nn.Linear(3, 4), torch.randn(2, 5, 3, requires_grad=True)
    scored = labeled_loss(head, states, torch.full((2, 5), IGNORED_LABEL))
    scored["loss"].backward()
    assert (scored["loss"].item(), scored["count"].item(), scored["correct"].item()) == (0, 0, 0)
    assert head.weight.grad.abs().max() == 0 and states.grad.abs().max() == 0
    assert mean_cross_entropy(torch.randn(2, 3), torch.full((2,), IGNORED_LABEL)) == 0


def test_only_labeled_positions_are_scored_and_counted() -> None:
    seen: list[torch.Size] = []

    def head(states: torch.Tensor) -> torch.Tensor:
        seen.append(states.shape)
        return states

    states = torch.eye(3).expand(2, 3, 3)  # position i predicts class i
    labels = torch.tensor([[0, IGNORED_LABEL, 1], [IGNORED_LABEL, 1, IGNORED_LABEL]])
    scored = labeled_loss(head, states, labels)
    assert seen == [(ROWS_AT_A_TIME, 3)]  # filled up, so that most batches have one shape
    assert (scored["count"].item(), scored["correct"].item()) == (3, 2)
    assert not scored["correct"].requires_grad


def test_positions_without_a_label_of_their_own_are_counted_apart() -> None:
    states = torch.eye(4).expand(2, 4, 4)  # position i predicts class i
    labels = torch.tensor([[0, 2, IGNORED_LABEL, 3], [1, 1, 3, 3]])
    plain = labeled_loss(lambda states: states, states, labels)
    apart = labeled_loss(lambda states: states, states, labels, unknown=3)
    assert all(apart[name] == plain[name] for name in plain)
    assert (apart["count"].item(), apart["correct"].item()) == (7, 4)
    assert (apart["known_count"].item(), apart["known_correct"].item()) == (4, 2)
    assert "known_count" not in plain


def test_filling_up_changes_neither_loss_nor_gradients() -> None:
    torch.manual_seed(0)
    head, states = nn.Linear(6, 9), torch.randn(4, 50, 6, requires_grad=True)
    labels = torch.randint(0, 9, (4, 50))
    labels[torch.rand(4, 50) < 0.3] = IGNORED_LABEL
    wanted = F.cross_entropy(head(states).flatten(0, 1), labels.flatten())
    padded_loss = labeled_loss(head, states, labels)["loss"]
    torch.testing.assert_close(padded_loss, wanted)
    for weight in (states, head.weight, head.bias):
        gradient, wanted_gradient = (
            torch.autograd.grad(loss, weight, retain_graph=True)[0] for loss in (padded_loss, wanted)
        )
        torch.testing.assert_close(gradient, wanted_gradient)
