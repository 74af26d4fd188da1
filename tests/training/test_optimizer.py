"""Algorithms, schedules, penalties, clipping and early stopping do what their names say, by the Trainer's own steps."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Adafactor, EarlyStoppingCallback, TrainerCallback

from charbert.config.training.trainer import Algorithm, OptimizerSettings, Precision, Schedule, TrainingSettings
from charbert.errors import SettingsError
from charbert.training.arguments import build_arguments
from charbert.training.trainer import CharBertTrainer, build_trainer

RATE = 0.1


class Line(nn.Module):
    """A weight and a bias; the loss is linear in both, so that each gradient is the input's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        with torch.no_grad():
            self.layer.weight.fill_(2.0)
            self.layer.bias.fill_(3.0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"loss": self.layer(x).mean()}


class Watch(TrainerCallback):
    """Keeps the rate, the weight and the gradient norm of each step."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.weights: list[float] = []
        self.norms: list[float] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.rates.append(kwargs["optimizer"].param_groups[0]["lr"])
        self.norms.append(math.hypot(*(weight.grad.item() for weight in kwargs["model"].parameters())))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.weights.append(kwargs["model"].layer.weight.item())


Run = Callable[..., tuple[CharBertTrainer, Watch]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Train a line on the inputs 4.0; options are those of the optimizer."""

    def train(steps: int = 1, **options: Any) -> tuple[CharBertTrainer, Watch]:
        optimizer = OptimizerSettings(
            **({"learning_rate": RATE, "schedule": Schedule.constant, "max_grad_norm": 0.0} | options)
        )
        settings = TrainingSettings(
            max_steps=steps, batch_size=2, checkpoints=0, log_every=1, optimizer=optimizer, precision=Precision.fp32
        )
        rows = [{"x": torch.tensor([4.0])}] * 2
        trainer = build_trainer(
            settings,
            Line(),
            rows,
            rows,
            lambda batch: {"x": torch.stack([row["x"] for row in batch])},
            folder=tmp_path,
            seed=0,
            label_names=["x"],
        )
        watch = Watch()
        trainer.add_callback(watch)
        trainer.train()
        return trainer, watch

    return train


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (Algorithm.adamw, torch.optim.AdamW),
        (Algorithm.adam, torch.optim.Adam),
        (Algorithm.sgd, torch.optim.SGD),
        (Algorithm.rmsprop, torch.optim.RMSprop),
        (Algorithm.adafactor, Adafactor),
    ],
)
def test_the_algorithm_is_the_one_that_was_asked_for(algorithm: Algorithm, expected: type, run: Run) -> None:
    trainer, watch = run(algorithm=algorithm, adam_epsilon=1e-6)
    optimizer = trainer.optimizer.optimizer
    assert type(optimizer) is expected
    assert watch.weights[0] != 2.0
    if algorithm in (Algorithm.adamw, Algorithm.adam):
        assert optimizer.defaults["eps"] == 1e-6


def test_sgd_goes_down_the_gradient_and_gathers_momentum(run: Run) -> None:
    assert run(2, algorithm=Algorithm.sgd)[1].weights == pytest.approx([2 - 0.4, 2 - 0.8])
    assert run(2, algorithm=Algorithm.sgd, momentum=0.5)[1].weights == pytest.approx([2 - 0.4, 2 - 0.4 - 0.6])


def test_rmsprop_gathers_momentum_too(run: Run) -> None:
    trainer, _ = run(algorithm=Algorithm.rmsprop, momentum=0.5)
    assert trainer.optimizer.param_groups[0]["momentum"] == 0.5


def test_adafactor_takes_the_rate_as_it_stands(run: Run) -> None:
    trainer, watch = run(algorithm=Algorithm.adafactor)
    group = trainer.optimizer.param_groups[0]
    assert (group["scale_parameter"], group["relative_step"]) == (False, False)
    assert watch.weights[0] == pytest.approx(2 - RATE, rel=1e-3)


def test_weight_decay_is_decoupled_in_adamw_and_a_gradient_in_the_others(run: Run) -> None:
    decay = {"weight_decay": 0.5}
    assert run(algorithm=Algorithm.sgd, **decay)[1].weights == pytest.approx([2 - RATE * (4 + 0.5 * 2)])
    assert run(algorithm=Algorithm.adamw, **decay)[1].weights == pytest.approx([2 * (1 - RATE * 0.5) - RATE])
    assert run(algorithm=Algorithm.adam, **decay)[1].weights == pytest.approx([2 - RATE])  # Adam's step has one size
    trainer, _ = run(algorithm=Algorithm.sgd, **decay)
    assert trainer.model.layer.bias.item() == pytest.approx(3 - RATE)  # a bias does not decay


def test_an_l1_penalty_draws_weights_but_no_biases_to_zero(run: Run) -> None:
    trainer, watch = run(algorithm=Algorithm.sgd, l1_penalty=0.5)
    assert watch.weights == pytest.approx([2 - RATE * (4 + 0.5)])
    assert trainer.model.layer.bias.item() == pytest.approx(3 - RATE)
    assert trainer.state.log_history[0]["l1_loss"] == pytest.approx(0.5 * 2)
    evaluated = next(line["eval_loss"] for line in trainer.state.log_history if "eval_loss" in line)
    assert evaluated == pytest.approx(4 * trainer.model.layer.weight.item() + trainer.model.layer.bias.item())


SHARES = [1.0, 0.75, 0.5, 0.25]
SHAPES = {
    Schedule.linear: SHARES,
    Schedule.cosine: [(1 + math.cos(math.pi * (1 - share))) / 2 for share in SHARES],
    Schedule.constant: [1.0] * 4,
    Schedule.polynomial: [share**2 for share in SHARES],
}


@pytest.mark.parametrize("schedule", list(Schedule))
def test_a_schedule_has_the_shape_of_its_name(schedule: Schedule, run: Run) -> None:
    assert run(4, schedule=schedule)[1].rates == pytest.approx([RATE * share for share in SHAPES[schedule]])


@pytest.mark.parametrize("schedule", list(Schedule))
def test_every_schedule_warms_up(schedule: Schedule, run: Run) -> None:
    rates = run(8, schedule=schedule, warmup_fraction=0.5)[1].rates
    assert rates == pytest.approx([RATE * share for share in [0, 0.25, 0.5, 0.75, *SHAPES[schedule]]])


def test_a_polynomial_of_power_one_is_linear(run: Run) -> None:
    rates = [run(4, schedule=shape, polynomial_power=1.0)[1].rates for shape in (Schedule.polynomial, Schedule.linear)]
    assert rates[0] == pytest.approx(rates[1])


@pytest.mark.parametrize(("limit", "norm"), [(0.0, math.hypot(4, 1)), (0.5, 0.5), (100.0, math.hypot(4, 1))])
def test_gradients_are_clipped_to_the_norm_and_0_leaves_them(limit: float, norm: float, run: Run) -> None:
    assert run(max_grad_norm=limit)[1].norms == pytest.approx([norm], rel=1e-4)


def test_training_stops_when_the_score_no_longer_rises(tmp_path: Path) -> None:
    settings = TrainingSettings(max_steps=10, batch_size=2, evaluations=10, log_every=1)
    rows = [{"x": torch.tensor([4.0])}] * 2
    scores = iter([0.1, 0.3, 0.2, 0.3, 0.9, 0.9, 0.9])
    trainer = CharBertTrainer(
        model=Line(),
        args=build_arguments(settings, tmp_path, 0, 2, best_metric="eval_score", label_names=["x"]),
        train_dataset=rows,
        eval_dataset=rows,
        compute_metrics=lambda _: {"score": next(scores)},
        callbacks=[EarlyStoppingCallback(2)],
    )
    trainer.train()
    assert trainer.state.global_step == 4  # two evaluations after the best one, at step 2
    assert (trainer.state.best_global_step, trainer.state.best_metric) == (2, 0.3)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"momentum": 0.9}, "momentum"),
        ({"momentum": 1.0, "algorithm": Algorithm.sgd}, "momentum"),
        ({"polynomial_power": 0.0}, "polynomial_power"),
        ({"l1_penalty": -1.0}, "l1_penalty"),
        ({"max_grad_norm": -1.0}, "max_grad_norm"),
    ],
)
def test_a_setting_of_the_optimizer_out_of_range_is_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=rf"optimizer\.{named}"):
        OptimizerSettings(**options)
