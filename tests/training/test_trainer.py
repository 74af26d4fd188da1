import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import TrainerCallback

from charbert.config.training.trainer import Precision, TrainingSettings
from charbert.data.collate import PadCollator
from charbert.errors import TrainingError
from charbert.evaluation.predict import predict_logits
from charbert.training.arguments import build_arguments, total_steps
from charbert.training.losses.extra_losses import Batch, ExtraLoss, Losses
from charbert.training.meter import ObjectiveMeter
from charbert.training.optimizer import parameter_groups, trunk_and_new_weights
from charbert.training.trainer import CharBertTrainer


class Toy(nn.Module):
    """A trunk of one weight and a head of one weight, with an objective that the meter knows."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(1, 1)
        self.head = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> dict[str, Any]:
        loss = (self.head(self.trunk(x)) ** 2).mean()
        return {
            "loss": loss,
            "mlm_loss": loss.detach(),
            "mlm_count": torch.tensor(len(x)),
            "mlm_correct": torch.tensor(1),
        }


class StopAt(TrainerCallback):
    """Interrupt training after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        control.should_training_stop = state.global_step >= self.step
        return control


def rows(values: list[float]) -> list[dict[str, Tensor]]:
    return [{"x": torch.tensor([value]), "example_ids": torch.tensor(i)} for i, value in enumerate(values)]


def trained(folder: Path, data: list[dict[str, Tensor]], **settings: Any) -> CharBertTrainer:
    training = TrainingSettings(epochs=1, batch_size=2, log_every=1, **settings)
    trainer = CharBertTrainer(
        model=Toy(),
        args=build_arguments(training, folder, 0, len(data), label_names=["x"]),
        train_dataset=data,
        eval_dataset=data,
    )
    trainer.train()
    return trainer


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_ids(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nan at step 1"):
        trained(tmp_path, rows([math.nan, 1.0]))
    report = json.loads((tmp_path / "failed_batch.json").read_text())
    assert report["step"] == 1
    assert sorted(report["example_ids"]) == [0, 1]


def test_a_loss_that_is_not_finite_in_an_evaluation_stops_with_the_step_before(tmp_path: Path) -> None:
    trainer = trained(tmp_path, rows([1.0, 2.0]))
    with pytest.raises(TrainingError, match="nan at step 1;"):
        trainer.evaluate(rows([math.nan]))


def test_objectives_are_logged_apart_in_training_and_evaluation(tmp_path: Path) -> None:
    history = trained(tmp_path, rows([1.0, 2.0, 3.0, 4.0])).state.log_history
    assert any("mlm_loss" in line and "mlm_accuracy" in line for line in history)
    evaluation = next(line for line in history if "eval_loss" in line)
    assert evaluation["eval_mlm_accuracy"] == pytest.approx(0.25)  # one hit for each batch of up to 64 rows


def test_the_meter_weighs_batches_by_their_labeled_positions() -> None:
    meter = ObjectiveMeter()
    for loss, count in ((1.0, 1), (3.0, 3)):
        meter.add({"mlm_loss": torch.tensor(loss), "mlm_count": count, "mlm_correct": count})
    averages = meter.take()
    assert averages["mlm_loss"] == pytest.approx(2.5)
    assert averages["mlm_perplexity"] == pytest.approx(math.exp(2.5))
    assert averages["mlm_accuracy"] == 1.0
    assert meter.take() == {}


def test_the_meter_tells_known_words_from_all_words() -> None:
    meter = ObjectiveMeter()
    nlm = {"nlm_loss": torch.tensor(1.0), "nlm_count": 4, "nlm_correct": 3}
    meter.add(nlm | {"nlm_known_count": 2, "nlm_known_correct": 1})
    meter.add(nlm | {"nlm_known_count": 3, "nlm_known_correct": 0})
    averages = meter.take()
    assert (averages["nlm_accuracy"], averages["nlm_accuracy_known"]) == (0.75, 0.2)


def test_a_batch_without_labels_leaves_the_averages_alone() -> None:
    meter = ObjectiveMeter()
    meter.add({"nlm_loss": torch.tensor(0.0), "nlm_count": 0, "nlm_correct": 0})
    assert meter.take() == {}


def test_new_weights_get_their_own_rate_and_biases_never_decay() -> None:
    model = Toy()
    rates = trunk_and_new_weights(model, 0.5)
    groups = parameter_groups(model, {"trunk.weight", "head.weight"}, 0.1, rates)
    group_of = {id(p): g for g in groups for p in g["params"]}
    assert len(group_of) == 4
    assert group_of[id(model.head.weight)]["lr"] == 0.5
    assert "lr" not in group_of[id(model.trunk.weight)]
    assert group_of[id(model.trunk.bias)]["weight_decay"] == 0.0
    assert group_of[id(model.trunk.weight)]["weight_decay"] == 0.1


def test_frozen_weights_are_in_no_group() -> None:
    model = Toy()
    model.trunk.requires_grad_(False)
    groups = parameter_groups(model, set(), 0.0, trunk_and_new_weights(model, None))
    assert sum(len(group["params"]) for group in groups) == 2


@pytest.mark.parametrize(
    ("epochs", "accumulation", "expected"), [(3, 1, 15), (3, 2, 9), (0.5, 2, 2), (2.5, 4, 5), (1, 9, 1)]
)
def test_steps_follow_from_epochs_batch_and_accumulation(
    epochs: float, accumulation: int, expected: int, tmp_path: Path
) -> None:
    settings = TrainingSettings(epochs=epochs, batch_size=2, gradient_accumulation=accumulation, evaluations=1)
    assert total_steps(settings, 10) == expected
    data = rows([1.0] * 10)
    arguments = build_arguments(settings, tmp_path, 0, 10, label_names=["x"])
    trainer = CharBertTrainer(model=Toy(), args=arguments, train_dataset=data, eval_dataset=data)
    trainer.train()
    assert trainer.state.global_step == expected
    assert [line["step"] for line in trainer.state.log_history if "eval_loss" in line] == [expected]


def test_a_number_of_steps_goes_before_epochs() -> None:
    assert total_steps(TrainingSettings(max_steps=7), 100) == 7


def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    data = rows([float(i) for i in range(16)])
    torch.manual_seed(0)
    whole = trained(tmp_path / "whole", data, checkpoints=4)
    torch.manual_seed(0)
    training = TrainingSettings(epochs=1, batch_size=2, log_every=1, checkpoints=4)
    half = CharBertTrainer(
        model=Toy(),
        args=build_arguments(training, tmp_path / "half", 0, len(data), label_names=["x"]),
        train_dataset=data,
        eval_dataset=data,
    )
    half.add_callback(StopAt(4))
    half.train()
    torch.manual_seed(1)  # what the fresh process draws must not matter
    again = CharBertTrainer(
        model=Toy(),
        args=build_arguments(training, tmp_path / "half", 0, len(data), label_names=["x"]),
        train_dataset=data,
        eval_dataset=data,
    )
    again.train(resume_from_checkpoint=str(tmp_path / "half" / "checkpoint-4"))
    for parameter, expected in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(parameter, expected)


class Echo(nn.Module):
    """Give back the first input id of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> dict[str, Tensor]:
        return {"logits": input_ids[:, :1] + self.weight}


def test_predictions_keep_the_order_of_the_examples_when_training_groups_by_length(tmp_path: Path) -> None:
    data = [{"input_ids": [i] * (1 + i * 7 % 13)} for i in range(40)]
    training = TrainingSettings(eval_batch_size=4, group_by_length=True)
    trainer = CharBertTrainer(
        model=Echo(),
        args=build_arguments(training, tmp_path, 0, len(data)),
        data_collator=PadCollator({"input_ids": 0}),
        train_dataset=data,
        eval_dataset=data,
    )
    assert [row.item() for row in predict_logits(trainer, data)] == list(range(40))
    assert trainer.predict(data).predictions[:, 0].tolist() == list(range(40))


class AutocastSeen(ExtraLoss):
    """Notes whether autocast is on while it is computed."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def __call__(self, model: nn.Module, batch: Batch, outputs: Batch, loss: Tensor) -> Losses:
        self.seen.append(torch.is_autocast_enabled("cpu"))
        return loss, {}


def test_a_teacher_computes_in_the_precision_of_the_training_on_a_gpu_alone(tmp_path: Path) -> None:
    extra, data = AutocastSeen(), rows([1.0, 2.0])
    training = TrainingSettings(epochs=1, precision=Precision.bf16)
    arguments = build_arguments(training, tmp_path, 0, len(data), label_names=["x"])
    trainer = CharBertTrainer(model=Toy(), args=arguments, train_dataset=data, eval_dataset=data, extra_losses=[extra])
    for device in ("cpu", "cuda:0"):
        vars(arguments)["_setup_devices"] = torch.device(device)
        trainer.compute_loss(trainer.model.train(), {"x": torch.ones(2, 1)})
    assert extra.seen == [False, True]
