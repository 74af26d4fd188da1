from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import BertConfig

from charbert.batch import OWN_POSITIONS, TEACHER, THEIR_POSITIONS
from charbert.model import CharBertConfig, CharBertForPreTraining, CharBertModel
from charbert.training.losses.trunk_teacher import TrunkTeacher
from tests.tolerance import tolerance

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
