"""Several heads on one encoder: whose gradients reach what."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from charbert.model import (
    CharBertConfig,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
)
from charbert.model.adaptation.multi_task import MultiTaskModel

LABELS = {
    "tags": {"labels": torch.ones(3, 7, dtype=torch.long)},
    "texts": {"labels": torch.tensor([0, 1, 2])},
    "spans": {"start_positions": torch.tensor([0, 1, 2]), "end_positions": torch.tensor([1, 2, 3])},
}
HEADS = {
    "tags": CharBertForTokenClassification,
    "texts": CharBertForSequenceClassification,
    "spans": CharBertForQuestionAnswering,
}


@pytest.fixture
def model(make_config: Callable[..., CharBertConfig]) -> MultiTaskModel:
    torch.manual_seed(0)
    labels = {"tags": {"num_labels": 4}, "texts": {"num_labels": 3}, "spans": {}}
    return MultiTaskModel({name: head(make_config(**labels[name])) for name, head in HEADS.items()})


@pytest.mark.parametrize("task", HEADS)
def test_a_task_moves_the_shared_encoder_and_its_own_head_only(
    model: MultiTaskModel, batch: dict[str, Tensor], task: str
) -> None:
    model(task=task, **batch, **LABELS[task])["loss"].backward()
    moved = {name for name, weight in model.named_parameters() if weight.grad is not None and weight.grad.any()}
    bias = f"classifiers.{task}.bias"
    assert {name for name in moved if name.startswith("classifiers.")} - {bias} == {f"classifiers.{task}.weight"}
    if task != "spans":  # a softmax over positions ignores the bias: its gradient is zero but for rounding
        assert bias in moved
    encoder = {name for name in moved if name.startswith("charbert.")}
    assert any("trunk.embeddings" in name for name in encoder)
    assert any("char_encoder" in name for name in encoder)
    assert any("interactions.1" in name for name in encoder)
    assert any("layer.0" in name for name in encoder)


def test_every_weight_is_there_once(model: MultiTaskModel) -> None:
    pointers = [weight.data_ptr() for weight in model.state_dict().values()]
    assert len(pointers) == len(set(pointers))
    assert all(task_model.charbert is model.charbert for task_model in model.models.values())


def test_dropout_is_off_in_evaluation_for_every_task(model: MultiTaskModel) -> None:
    for is_training in (True, False):
        model.train(is_training)
        assert {task_model.dropout.training for task_model in model.models.values()} == {is_training}
        assert model.charbert.training is is_training


@pytest.mark.parametrize("task", HEADS)
def test_a_task_is_saved_and_loaded_as_an_ordinary_model(
    model: MultiTaskModel, batch: dict[str, Tensor], task: str, tmp_path: Path
) -> None:
    model.models[task].save_pretrained(tmp_path)
    loaded = HEADS[task].from_pretrained(tmp_path).eval()
    model.eval()
    output, expected = loaded(**batch), model(task=task, **batch)
    assert all(torch.equal(a, b) for a, b in zip(output.to_tuple(), expected.to_tuple(), strict=True))
