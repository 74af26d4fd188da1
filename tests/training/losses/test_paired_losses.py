"""Distillation, consistency training and the trunk as teacher: what is compared, and which weights move."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import BertConfig

from charbert.batch import NOISED, OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.errors import SettingsError
from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)
from charbert.training.losses.distillation import (
    Distillation,
    attach_projections,
    check_layer_map,
    detach_projections,
    spread_layers,
)
from charbert.training.losses.paired_losses import (
    ConsistencyTraining,
    TrunkTeacher,
    comparable_logits,
    divergence,
)
from tests.tolerance import tolerance

LABELS: dict[Any, dict[str, Tensor]] = {
    CharBertForTokenClassification: {"labels": torch.tensor([[0, 1, -100, 2, 1], [2, -100, 0, 1, -100]])},
    CharBertForSequenceClassification: {"labels": torch.tensor([1, 2])},
    CharBertForQuestionAnswering: {"start_positions": torch.tensor([1, 2]), "end_positions": torch.tensor([3, 2])},
}
POSITIONS = torch.tensor([[0, 1, 3, 4], [0, 2, 3, -1]])


def build(head: Any, hidden_size: int = 16, layers: int = 2) -> Any:
    trunk = BertConfig(
        vocab_size=30, hidden_size=hidden_size, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=16
    )
    labels = {} if head is CharBertForQuestionAnswering else {"num_labels": 3}
    return head(CharBertConfig(trunk_config=trunk, char_encoder="none", head_channels="token", **labels))


def batch(head: Any, paired: str) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(1)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
    inputs, other = (torch.randint(1, 30, (2, 5), generator=generator) for _ in range(2))
    inner = {"input_ids": other, "attention_mask": mask, OWN_POSITIONS: POSITIONS, THEIR_POSITIONS: POSITIONS}
    return {"input_ids": inputs, "attention_mask": mask, **LABELS[head], paired: inner}


def losses(extra: Any, model: nn.Module, fields: dict[str, Any]) -> tuple[Tensor, dict[str, Tensor], Tensor]:
    own = {name: value for name, value in fields.items() if name not in (TEACHER, NOISED)}
    outputs = model(**own, **extra.forward_options)
    loss, parts = extra(model, fields, outputs, outputs["loss"])
    return loss, parts, outputs["loss"]


@given(st.integers(1, 6), st.integers(2, 7), st.floats(0.5, 8), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_a_divergence_is_zero_between_equals_and_positive_otherwise(
    decisions: int, classes: int, temperature: float, seed: int
) -> None:
    first, second = torch.randn(2, decisions, classes, generator=torch.Generator().manual_seed(seed)).unbind()
    assert divergence(first, first, temperature) == 0
    shifted = divergence(first, first + 5, temperature).item()
    assert shifted == pytest.approx(0, abs=tolerance(10.0))  # a softmax knows no offset; logits reach about 10
    assert divergence(first, second, temperature) > 0


def test_a_divergence_without_a_decision_is_zero_and_has_a_gradient() -> None:
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = divergence(torch.zeros(0, 3), logits)
    loss.backward()
    assert loss == 0


def test_gradients_keep_their_size_at_any_temperature() -> None:
    teacher, student = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0)).unbind()

    def gradient(temperature: float) -> Tensor:
        logits = student.clone().requires_grad_()
        (temperature**2 * divergence(teacher, logits, temperature)).backward()
        return logits.grad

    centered = [each - each.mean(dim=1, keepdim=True) for each in (student, teacher)]
    limit = (centered[0] - centered[1]) / 5 / 4  # Hinton et al. (2015), Eq. 4, over K classes and N rows
    torch.testing.assert_close(gradient(1000.0), limit, rtol=1e-2, atol=1e-4)
    assert 0.2 < gradient(2.0).norm() / gradient(8.0).norm() < 5


@pytest.mark.parametrize("head", LABELS)
def test_the_teacher_never_moves_and_every_weight_of_the_student_does(head: Any) -> None:
    torch.manual_seed(0)
    student, teacher = build(head), build(head, hidden_size=24, layers=4)
    before = copy.deepcopy(teacher.state_dict())
    extra = Distillation(teacher, weight=1.0, temperature=2.0)
    student.train()
    optimizer = torch.optim.SGD([*student.parameters(), *teacher.parameters()], lr=1.0)
    loss, _, _ = losses(extra, student, batch(head, TEACHER))
    loss.backward()
    optimizer.step()
    assert all(weight.grad is None for weight in teacher.parameters())
    assert all(torch.equal(weight, before[name]) for name, weight in teacher.state_dict().items())
    assert not teacher.training
    still = [n for n, w in student.named_parameters() if w.requires_grad and not (w.grad is not None and w.grad.any())]
    assert [n for n in still if "key.bias" not in n and "token_type" not in n] == []  # a softmax ignores key biases


@pytest.mark.parametrize("head", LABELS)
def test_a_student_that_says_what_the_teacher_says_has_nothing_to_learn_from_it(head: Any) -> None:
    torch.manual_seed(0)
    student = build(head).eval()
    fields = batch(head, TEACHER)
    fields[TEACHER] |= {"input_ids": fields["input_ids"]}
    extra = Distillation(
        copy.deepcopy(student), weight=0.25, temperature=3.0, hidden_weight=2.0, layer_map={1: 1, 2: 2}
    )
    loss, parts, of_labels = losses(extra, student, fields)
    assert parts["distillation"].item() == pytest.approx(0, abs=tolerance())
    assert parts["hidden"].item() == pytest.approx(0, abs=tolerance() ** 2)
    assert loss.item() == pytest.approx(0.75 * of_labels.item(), rel=tolerance())


def test_padding_positions_change_nothing() -> None:
    logits = {"logits": torch.randn(2, 5, 3)}
    wide = torch.nn.functional.pad(POSITIONS, (0, 3), value=-1)
    assert torch.equal(comparable_logits(logits, POSITIONS), comparable_logits(logits, wide))
    assert len(comparable_logits(logits, POSITIONS)) == 7
    spans = {"start_logits": torch.randn(2, 5), "end_logits": torch.randn(2, 5)}
    narrow, padded = (comparable_logits(spans, each).softmax(-1) for each in (POSITIONS, wide))
    torch.testing.assert_close(padded[:, :4], narrow)
    assert padded[:, 4:].sum() == 0


def test_columns_put_the_teachers_labels_in_the_students_order() -> None:
    torch.manual_seed(0)
    student = build(CharBertForSequenceClassification).eval()
    teacher = copy.deepcopy(student)
    order = [2, 0, 1]
    with torch.no_grad():
        for weight in teacher.classifier.parameters():
            weight.copy_(weight[order].clone())
    fields = batch(CharBertForSequenceClassification, TEACHER)
    fields[TEACHER] |= {"input_ids": fields["input_ids"]}
    extra = Distillation(teacher, weight=1.0, temperature=1.0, columns=[order.index(label) for label in range(3)])
    assert losses(extra, student, fields)[1]["distillation"].item() == pytest.approx(0, abs=tolerance())


def test_projections_are_trained_with_the_student_and_leave_with_the_teacher() -> None:
    torch.manual_seed(0)
    head = CharBertForTokenClassification
    student, teacher = build(head), build(head, hidden_size=24, layers=4)
    names = set(student.state_dict())
    layer_map = spread_layers(2, 4)
    assert layer_map == {1: 2, 2: 4}
    attach_projections(student, list(layer_map), 16, 24)
    extra = Distillation(teacher, weight=0.0, temperature=1.0, hidden_weight=1.0, layer_map=layer_map)
    loss, parts, of_labels = losses(extra, student, batch(head, TEACHER))
    loss.backward()
    added = [w for n, w in student.named_parameters() if n.startswith("distillation_projections")]
    assert len(added) == 4
    assert all(weight.grad.any() for weight in added)
    assert loss.item() == pytest.approx((of_labels + parts["hidden"]).item(), rel=tolerance())
    detach_projections(student)
    assert set(student.state_dict()) == names


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"the student has 2 layers .* got 3"):
        check_layer_map({3: 1}, 2, 4)
    with pytest.raises(SettingsError, match=r"the teacher has 4 layers .* got 5"):
        check_layer_map({0: 0, 1: 5}, 2, 4)


@pytest.mark.parametrize("head", LABELS)
def test_consistency_training_adds_nothing_for_an_identical_copy(head: Any) -> None:
    model = build(head).eval()
    fields = batch(head, NOISED)
    fields[NOISED] |= {"input_ids": fields["input_ids"]}
    for symmetric in (False, True):
        loss, parts, of_labels = losses(ConsistencyTraining(5.0, symmetric=symmetric), model, fields)
        assert parts["consistency"].item() == pytest.approx(0, abs=tolerance(5.0))
        assert loss.item() == pytest.approx(of_labels.item(), abs=tolerance(5.0))


class Two(nn.Module):
    """Says one thing of the clean text and another of the copy, each a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clean, self.noised = (nn.Parameter(torch.randn(2, 3)) for _ in range(2))

    def forward(self, input_ids: Tensor) -> dict[str, Tensor]:
        return {"logits": self.noised if input_ids.any() else self.clean}


@pytest.mark.parametrize(("symmetric", "moves"), [(False, ["noised"]), (True, ["clean", "noised"])])
def test_only_symmetric_divergence_moves_the_clean_predictions(symmetric: bool, moves: list[str]) -> None:
    torch.manual_seed(0)
    model = Two()
    nothing = torch.zeros(2, 0, dtype=torch.long)
    fields = {NOISED: {"input_ids": torch.ones(2, 1), OWN_POSITIONS: nothing, THEIR_POSITIONS: nothing}}
    loss, _ = ConsistencyTraining(1.0, symmetric=symmetric)(model, fields, model(torch.zeros(2, 1)), torch.zeros(()))
    loss.backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is not None] == moves


CLEAN = torch.tensor([[2, 7, 8, 9, 3], [2, 11, 12, 3, 0]])
MASK = (CLEAN != 0).long()
PLACES = torch.tensor([[1, 2, 3], [1, 2, -1]])


@pytest.fixture
def model() -> CharBertForPreTraining:
    torch.manual_seed(0)
    trunk = BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16)
    config = CharBertConfig(trunk_config=trunk, char_encoder="none", interaction="none", head_channels="token")
    return CharBertForPreTraining(config).eval()


def teacher_of(model: CharBertForPreTraining, weight: float = 3.0) -> TrunkTeacher:
    trunk: CharBertModel = copy.deepcopy(model.charbert)
    return TrunkTeacher(trunk, weight)


def paired_batch(own: torch.Tensor = PLACES) -> dict[str, torch.Tensor]:
    return {"input_ids": CLEAN, "attention_mask": MASK, OWN_POSITIONS: own, THEIR_POSITIONS: PLACES}


def asked(teacher: TrunkTeacher, model: Any, inputs: torch.Tensor, **inner: Any) -> tuple[torch.Tensor, torch.Tensor]:
    outputs = model(inputs, MASK)
    loss, parts = teacher(model, {TEACHER: paired_batch(**inner)}, outputs, torch.tensor(1.0))
    return loss, parts["trunk_distance"]


def test_the_trunk_on_clean_text_is_at_no_distance_from_itself(model: CharBertForPreTraining) -> None:
    loss, distance = asked(teacher_of(model), model, CLEAN)
    assert (loss.item(), distance.item()) == (1.0, 0.0)


def test_the_distance_is_the_share_of_the_states_at_the_pairs(model: CharBertForPreTraining) -> None:
    noised = CLEAN.clone()
    noised[0, 2] = 20
    teacher = teacher_of(model)
    loss, distance = asked(teacher, model, noised)
    with torch.no_grad():
        states, wanted = (model.charbert(ids, MASK).token_states for ids in (noised, CLEAN))
    rows, places = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([1, 2, 3, 1, 2])
    expected = (states - wanted)[rows, places].square().sum() / wanted[rows, places].square().sum()
    assert distance.item() == pytest.approx(expected.item(), rel=tolerance())
    assert loss.item() == pytest.approx(1 + 3 * expected.item(), rel=tolerance())


def test_learning_brings_noised_words_to_their_clean_states_and_leaves_the_teacher(
    model: CharBertForPreTraining,
) -> None:
    noised = CLEAN.clone()
    noised[:, 2] = 20
    teacher = teacher_of(model)
    before = {name: weight.clone() for name, weight in teacher.trunk.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    distances = []
    for _ in range(20):
        optimizer.zero_grad()
        loss, distance = asked(teacher, model, noised)
        loss.backward()
        optimizer.step()
        distances.append(distance.item())
    assert distances[-1] < distances[0] / 2
    assert all(torch.equal(weight, before[name]) for name, weight in teacher.trunk.state_dict().items())
    assert all(weight.grad is None for weight in teacher.trunk.parameters())


def test_a_batch_without_a_pair_adds_nothing_and_has_a_gradient(model: CharBertForPreTraining) -> None:
    teacher = teacher_of(model)
    nowhere = torch.full_like(PLACES, -1)
    outputs = model(CLEAN, MASK)
    fields = paired_batch(nowhere) | {THEIR_POSITIONS: nowhere}
    loss, parts = teacher(model, {TEACHER: fields}, outputs, outputs["token_states"].sum() * 0)
    loss.backward()
    assert (loss.item(), parts["trunk_distance"].item()) == (0.0, 0.0)
