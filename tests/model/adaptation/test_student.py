"""Students made of some of a teacher's layers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from charbert.errors import SettingsError
from charbert.model import CharBertConfig, CharBertForSequenceClassification, CharBertForTokenClassification
from charbert.model.adaptation.student import take_layers

LABELS = {"id2label": {0: "O", 1: "B-LOC", 2: "B-PER"}, "label2id": {"O": 0, "B-LOC": 1, "B-PER": 2}}
FAMILIES = ("bert", "distilbert", "electra", "modernbert")


@pytest.fixture
def teacher(make_config: Callable[..., CharBertConfig]) -> Callable[..., Any]:
    def make(family: str = "bert", **settings: Any) -> Any:
        torch.manual_seed(0)
        return CharBertForTokenClassification(make_config(family, **LABELS, **settings)).eval()

    return make


@pytest.mark.parametrize("family", FAMILIES)
def test_a_student_of_all_layers_says_what_its_teacher_says(
    teacher: Callable[..., Any], batch: dict[str, Tensor], family: str
) -> None:
    whole = teacher(family)
    student = take_layers(whole, [1, 2], char_channel=True).eval()
    assert torch.equal(student(**batch).logits, whole(**batch).logits)


@pytest.mark.parametrize("char_channel", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_smaller_student_survives_saving(
    teacher: Callable[..., Any], batch: dict[str, Tensor], family: str, char_channel: bool, tmp_path: Path
) -> None:
    whole = teacher(family)
    student = take_layers(whole, [2], char_channel=char_channel).eval()
    assert student.config.num_hidden_layers == 1
    assert student.config.has_char_channel is char_channel
    student.save_pretrained(tmp_path)
    loaded = CharBertForTokenClassification.from_pretrained(tmp_path).eval()
    assert torch.equal(loaded(**batch).logits, student(**batch).logits)
    assert whole.config.num_hidden_layers == 2
    assert whole.config.has_char_channel


def test_the_layers_are_the_teachers(teacher: Callable[..., Any]) -> None:
    whole = teacher()
    weights, small = whole.state_dict(), take_layers(whole, [2], char_channel=True).state_dict()
    for name in small:
        old = name.replace("layer.0.", "layer.1.").replace("interactions.0.", "interactions.1.")
        assert torch.equal(small[name], weights[old]), name


def test_outputs_are_in_the_order_of_the_students_labels(teacher: Callable[..., Any], batch: dict[str, Tensor]) -> None:
    whole = teacher()
    student = take_layers(whole, [1, 2], char_channel=True, labels=["B-PER", "O", "B-LOC"]).eval()
    assert torch.equal(student(**batch).logits, whole(**batch).logits[..., [2, 0, 1]])
    assert student.config.id2label == {0: "B-PER", 1: "O", 2: "B-LOC"}


def test_what_a_teacher_lacks_is_named(teacher: Callable[..., Any], make_config: Callable[..., CharBertConfig]) -> None:
    with pytest.raises(SettingsError, match="the teacher has 2 layers"):
        take_layers(teacher(), [1, 3], char_channel=True)
    plain = make_config(char_encoder="none", interaction="none", head_channels="token", nlm_channel="token")
    with pytest.raises(SettingsError, match="the teacher has no char channel"):
        take_layers(CharBertForSequenceClassification(plain), [1], char_channel=True)
