"""A user's own peft adapters, by peft's task types."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor

from charbert.model import (
    CharBertConfig,
    CharBertForPreTraining,
    CharBertForQuestionAnswering,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertModel,
)

TASKS = {
    "TOKEN_CLS": CharBertForTokenClassification,
    "SEQ_CLS": CharBertForSequenceClassification,
    "QUESTION_ANS": CharBertForQuestionAnswering,
    "FEATURE_EXTRACTION": CharBertModel,
}
HEADS = {"TOKEN_CLS": "classifier", "SEQ_CLS": "classifier", "QUESTION_ANS": "qa_outputs"}


def loss_of(task: str, model: Any, batch: dict[str, Tensor]) -> Tensor:
    ids = batch["input_ids"]
    if task == "FEATURE_EXTRACTION":
        return model(**batch).token_states[..., 0].square().mean()  # over all features a layer norm keeps it at 1
    labels = {
        "TOKEN_CLS": {"labels": ids % 3},
        "SEQ_CLS": {"labels": ids[:, 0] % 3},
        "QUESTION_ANS": {"start_positions": ids[:, 0] % 3, "end_positions": ids[:, 1] % 3},
    }[task]
    return model(**batch, **labels).loss


@pytest.mark.parametrize("task", TASKS)
def test_an_adapted_model_trains_saves_and_loads_with_its_head(
    task: str, make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    base = TASKS[task](make_config(num_labels=3))
    base.save_pretrained(tmp_path / "base")
    config = peft.LoraConfig(task_type=task, target_modules=["query", "value"], r=2)
    model = peft.get_peft_model(base, config).train()
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert any("lora_" in name for name in trained)
    assert any("modules_to_save" in name for name in trained) == (task in HEADS)
    assert task not in HEADS or any(f"{HEADS[task]}.modules_to_save" in name for name in trained)
    optimizer = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=0.1)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    losses = []
    for _ in range(3):
        torch.manual_seed(1)
        loss = loss_of(task, model, batch)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    moved = {name for name, weight in model.named_parameters() if not torch.equal(weight, before[name])}
    assert moved <= trained and len(moved) >= len(trained) // 2
    model.eval().save_pretrained(tmp_path / "adapters")
    again = peft.PeftModel.from_pretrained(TASKS[task].from_pretrained(tmp_path / "base"), tmp_path / "adapters").eval()
    assert type(again) is type(model)
    with torch.no_grad():
        assert torch.equal(again(**batch)[0], model(**batch)[0])
        merged = again.merge_and_unload()
        torch.testing.assert_close(merged(**batch)[0], model(**batch)[0])


def test_all_linear_leaves_the_tied_decoder_alone(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    model = peft.get_peft_model(CharBertForPreTraining(make_config()), peft.LoraConfig(target_modules="all-linear"))
    adapted = {name for name, _ in model.named_modules() if name.endswith("lora_A")}
    assert any("mlm_head.dense" in name for name in adapted)
    assert not any("mlm_head.decoder" in name for name in adapted)
    assert model(**batch).mlm_logits.shape == (3, 7, 40)


def test_an_adapted_decoder_scores_with_its_adapter(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    base = CharBertForPreTraining(make_config()).eval()
    before = base(**batch).mlm_logits
    config = peft.LoraConfig(target_modules=["mlm_head.decoder"], init_lora_weights=False)
    after = peft.get_peft_model(base, config).eval()(**batch).mlm_logits
    assert not torch.allclose(before, after)


def test_checkpointing_and_adapters_train_together(
    make_config: Callable[..., CharBertConfig], batch: dict[str, Tensor]
) -> None:
    torch.manual_seed(0)
    model = CharBertForTokenClassification(make_config(num_labels=3))
    model.activation_checkpointing_enable({"use_reentrant": True})
    model.enable_input_require_grads()
    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="TOKEN_CLS", target_modules=["query"])).train()
    loss_of("TOKEN_CLS", adapted, batch).backward()
    assert all(weight.grad is not None for name, weight in adapted.named_parameters() if "lora_" in name)
