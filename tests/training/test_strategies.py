"""Which weights each strategy moves, and at which rates, by steps of the real Trainer."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import TrainerCallback

from charbert.config.training.strategy import (
    DropoutSettings,
    FrozenSettings,
    GradualSettings,
    RateSettings,
    StrategySettings,
    TrunkTraining,
)
from charbert.errors import SettingsError
from charbert.model import CharBertForTokenClassification
from charbert.model.adaptation.parts import model_parts
from charbert.training.optimizer import peak_rates
from charbert.training.strategies import Strategy
from charbert.training.trainer import CharBertTrainer

MakeModel = Callable[..., CharBertForTokenClassification]
MakeTrainer = Callable[..., CharBertTrainer]
FAMILIES = ("bert", "roberta", "distilbert", "modernbert")
EVERYTHING = {"embeddings", "layer 0", "layer 1", "char encoder", "interaction 0", "interaction 1", "head"}
TRUNK = {"embeddings", "layer 0", "layer 1"}
CHANNEL = {"char encoder", "interaction 0", "interaction 1"}
PLAIN = TRUNK | {"head"}


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def moved(model: nn.Module, before: dict[str, Tensor]) -> set[str]:
    """Return the parts of which some weight has changed."""
    parts = model_parts(model)
    return {str(parts[name]) for name, weight in model.named_parameters() if not torch.equal(weight, before[name])}


class WeightsPerStep(TrainerCallback):
    """Keeps the parts that each step has moved."""

    def __init__(self) -> None:
        self.moved: list[set[str]] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.before = weights(kwargs["model"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.moved.append(moved(kwargs["model"], self.before))


class RatesPerStep(TrainerCallback):
    """Keeps the rate of each group at each step."""

    def __init__(self) -> None:
        self.rates: list[dict[str, float]] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.rates.append({group["name"]: group["lr"] for group in kwargs["optimizer"].param_groups})


def trained(model: Any, settings: StrategySettings, make_trainer: MakeTrainer, **options: Any) -> CharBertTrainer:
    strategy = Strategy(settings, model.config.num_hidden_layers)
    trainer = make_trainer(strategy.prepare(model), strategy, **options)
    trainer.train()
    return trainer


@pytest.mark.parametrize(("family", "chars"), [*((family, True) for family in FAMILIES), ("bert", False)])
def test_full_fine_tuning_moves_every_weight(
    family: str, chars: bool, make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    model = make_model(family, chars=chars)
    before = weights(model)
    trained(model, StrategySettings(), make_trainer, max_steps=1)
    assert moved(model, before) == (EVERYTHING if chars else PLAIN)


LOW = {"open_layers": [0], "open_embeddings": True, "open_char_channel": False}


@pytest.mark.parametrize(
    ("family", "chars", "frozen", "opened"),
    [
        ("bert", True, {}, CHANNEL),
        ("bert", False, {}, set()),
        ("bert", True, {"open_char_channel": False}, set()),
        ("bert", True, {"open_layers": [-1, 0]}, {"layer 0", "layer 1"} | CHANNEL),
        ("bert", False, {"open_layers": [-1]}, {"layer 1"}),
        ("roberta", False, LOW, {"layer 0", "embeddings"}),
        ("distilbert", True, LOW, {"layer 0", "embeddings"}),
        ("modernbert", True, LOW, {"layer 0", "embeddings"}),
        ("deberta-v2", False, {"open_layers": [-1]}, {"layer 1"}),
        ("albert", False, {"open_layers": [0]}, {"layer 1"}),  # the layers share their weights
    ],
)
def test_a_frozen_trunk_moves_in_what_was_opened_alone(
    family: str,
    chars: bool,
    frozen: dict[str, Any],
    opened: set[str],
    make_model: MakeModel,
    make_trainer: MakeTrainer,
) -> None:
    model = make_model(family, chars=chars)
    before = weights(model)
    settings = StrategySettings(trunk=TrunkTraining.frozen, frozen=FrozenSettings(**frozen))
    trained(model, settings, make_trainer, max_steps=1)
    assert moved(model, before) == {"head"} | opened


def test_a_convolution_after_the_first_layer_belongs_to_it(make_model: MakeModel) -> None:
    parts = model_parts(make_model("deberta-v2", chars=False))
    assert {str(part) for name, part in parts.items() if "encoder.conv." in name} == {"layer 0"}


def gradual(**options: Any) -> StrategySettings:
    return StrategySettings(trunk=TrunkTraining.gradual, gradual=GradualSettings(**options))


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_gradual_unfreezing_opens_one_part_after_the_other_from_the_top(
    family: str, make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    model = make_model(family)
    strategy = Strategy(gradual(until=0.75), 2)
    trainer = make_trainer(strategy.prepare(model), strategy, max_steps=8)
    steps = WeightsPerStep()
    trainer.add_callback(steps)
    trainer.train()
    head, top = {"head"}, {"head", "layer 1", "interaction 1"}
    layers = top | {"layer 0", "interaction 0"}
    assert steps.moved == [head, head, top, top, layers, layers, EVERYTHING, EVERYTHING]


def test_gradual_unfreezing_may_train_the_char_channel_from_the_start(
    make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    strategy = Strategy(gradual(until=0.5, open_char_channel=True), 2)
    trainer = make_trainer(strategy.prepare(make_model()), strategy, max_steps=6)
    steps = WeightsPerStep()
    trainer.add_callback(steps)
    trainer.train()
    assert steps.moved[0] == {"head"} | CHANNEL
    assert steps.moved[1] == {"head", "layer 1"} | CHANNEL


def test_a_shared_interaction_opens_with_the_top_layer(make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    strategy = Strategy(gradual(until=0.75), 2)
    trainer = make_trainer(strategy.prepare(make_model(share_interaction=True)), strategy)
    steps = WeightsPerStep()
    trainer.add_callback(steps)
    trainer.train()
    assert steps.moved[:2] == [{"head"}, {"head", "layer 1", "interaction"}]


@pytest.mark.parametrize(("chars", "stop"), [(True, 2), (True, 5), (False, 3)])
def test_gradual_unfreezing_resumes_to_the_same_weights(
    chars: bool, stop: int, make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    whole = trained(make_model(chars=chars), gradual(until=0.75), make_trainer, folder="whole", max_steps=8)

    class Stop(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
            control.should_training_stop = control.should_save = state.global_step == stop
            return control

    strategy = Strategy(gradual(until=0.75), 2)
    half = make_trainer(strategy.prepare(make_model(chars=chars)), strategy, folder="half", max_steps=8, checkpoints=8)
    half.add_callback(Stop())
    half.train()
    again = make_trainer(make_model(chars=chars), strategy, folder="half", max_steps=8, checkpoints=8)
    steps = WeightsPerStep()
    again.add_callback(steps)
    again.train(resume_from_checkpoint=str(half.args.output_dir) + f"/checkpoint-{stop}")
    assert len(steps.moved) == 8 - stop
    assert not moved(again.model, weights(whole.model))
    states = [trainer.optimizer.state_dict()["state"] for trainer in (whole, again)]
    assert states[0].keys() == states[1].keys()
    for number, state in states[0].items():
        assert all(torch.equal(torch.as_tensor(state[k]), torch.as_tensor(states[1][number][k])) for k in state)


def rates_of(
    settings: StrategySettings, model: Any, make_trainer: MakeTrainer, **optimizer: Any
) -> list[dict[str, float]]:
    strategy = Strategy(settings, 2)
    trainer = make_trainer(strategy.prepare(model), strategy, max_steps=4, optimizer=optimizer)
    watched = RatesPerStep()
    trainer.add_callback(watched)
    trainer.train()
    return watched.rates


@pytest.mark.parametrize("family", ["bert", "roberta", "modernbert"])
def test_rates_fall_from_layer_to_layer(family: str, make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    settings = StrategySettings(rates=RateSettings(layer_decay=0.5))
    rates = rates_of(settings, make_model(family, chars=family != "roberta"), make_trainer, learning_rate=0.08)
    expected = {"embeddings": 0.02, "layer 0": 0.04, "layer 1": 0.08, "head": 0.08}
    if family != "roberta":  # a plain trunk here
        expected |= dict.fromkeys(CHANNEL, 0.08)
    assert rates[0] == pytest.approx(expected)
    assert rates[-1] == pytest.approx({name: rate / 4 for name, rate in expected.items()})  # linear, one step left


def test_each_part_of_the_model_has_the_rate_that_was_asked_for(
    make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    settings = StrategySettings(rates=RateSettings(trunk=0.01, char_channel=0.02, head=0.03))
    expected = dict.fromkeys(TRUNK, 0.01) | dict.fromkeys(CHANNEL, 0.02) | {"head": 0.03}
    rates = rates_of(settings, make_model(), make_trainer, warmup_fraction=0.5)
    assert rates[0] == pytest.approx(dict.fromkeys(expected, 0.0))
    assert rates[2] == pytest.approx(expected)
    assert rates[3] == pytest.approx({name: rate / 2 for name, rate in expected.items()})
    plain = rates_of(settings, make_model(chars=False), make_trainer)
    assert plain[0] == pytest.approx({name: expected[name] for name in PLAIN})


def test_a_rate_that_is_not_given_is_that_of_the_optimizer(make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    settings = StrategySettings(rates=RateSettings(head=0.5))
    rates = rates_of(settings, make_model(), make_trainer, learning_rate=0.1, new_weights_learning_rate=0.2)
    assert rates[0] == pytest.approx(dict.fromkeys(TRUNK, 0.1) | dict.fromkeys(CHANNEL, 0.2) | {"head": 0.5})


def test_rates_decay_from_the_rate_of_the_trunk_and_in_open_layers_alone(
    make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    settings = StrategySettings(
        trunk=TrunkTraining.frozen,
        frozen=FrozenSettings(open_layers=[0, 1], open_char_channel=False),
        rates=RateSettings(trunk=0.4, layer_decay=0.5),
    )
    rates = rates_of(settings, make_model(), make_trainer, learning_rate=0.1)
    assert rates[0] == pytest.approx({"layer 0": 0.2, "layer 1": 0.4, "head": 0.1})


def test_a_rate_of_its_own_moves_the_weights_by_that_much(make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    model = make_model()
    before, parts = weights(model), model_parts(model)
    settings = StrategySettings(rates=RateSettings(trunk=1e-3, head=1e-2))
    trained(model, settings, make_trainer, max_steps=1)
    steps = {name: (weight - before[name]).abs().max().item() for name, weight in model.named_parameters()}
    for part in EVERYTHING:
        largest = max(step for name, step in steps.items() if str(parts[name]) == part)
        assert largest == pytest.approx(1e-3 if part in TRUNK else 1e-2, rel=0.02)  # Adam's first step is the rate


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("chars", [True, False])
def test_only_the_top_layers_are_drawn_anew(family: str, chars: bool, make_model: MakeModel) -> None:
    model = make_model(family, chars=chars)
    before = weights(model)
    Strategy(StrategySettings(reinit_layers=1), 2).prepare(model)
    assert moved(model, before) == {"layer 1"} | ({"interaction 1"} if chars else set())


def test_a_loaded_layer_is_drawn_as_the_family_draws_it(
    make_model: MakeModel, saved_trunk: Callable[[str], Any]
) -> None:
    model = CharBertForTokenClassification.from_trunk(saved_trunk("bert"), char_vocab_size=12, char_embedding_size=4)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(5.0)
    Strategy(StrategySettings(reinit_layers=2), 2).prepare(model)
    layer = model.charbert.trunk.encoder.layer[0]
    assert layer.intermediate.dense.weight.std().item() == pytest.approx(0.3, rel=0.4)
    assert layer.output.LayerNorm.weight.tolist() == [1.0] * 8
    assert layer.output.dense.bias.tolist() == [0.0] * 8
    assert (model.charbert.trunk.embeddings.word_embeddings.weight == 5.0).all()


def test_new_layers_follow_the_seed(make_model: MakeModel) -> None:
    drawn = []
    for seed in (1, 1, 2):
        model = make_model()
        torch.manual_seed(seed)
        Strategy(StrategySettings(reinit_layers=1), 2).prepare(model)
        drawn.append(weights(model))
    assert not moved(model, drawn[2])
    assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    assert moved(model, drawn[0]) == {"layer 1", "interaction 1"}


def test_new_layers_and_falling_rates_go_together(make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    settings = StrategySettings(reinit_layers=1, rates=RateSettings(layer_decay=0.5))
    model = make_model()
    before = weights(model)
    trainer = trained(model, settings, make_trainer, optimizer={"learning_rate": 0.08})
    assert moved(model, before) == EVERYTHING
    assert peak_rates(trainer.optimizer)["embeddings"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (lambda: StrategySettings(trunk=TrunkTraining.lora, reinit_layers=1), "reinit_layers"),
        (lambda: StrategySettings(trunk=TrunkTraining.gradual, reinit_layers=1), "reinit_layers"),
        (lambda: StrategySettings(trunk=TrunkTraining.lora, rates=RateSettings(layer_decay=0.9)), "layer_decay"),
        (lambda: StrategySettings(trunk=TrunkTraining.frozen, rates=RateSettings(trunk=1.0)), "rates.trunk"),
        (lambda: StrategySettings(trunk=TrunkTraining.frozen, rates=RateSettings(layer_decay=0.9)), "layer_decay"),
        (lambda: StrategySettings(reinit_layers=-1), "reinit_layers"),
        (lambda: StrategySettings(gradual=GradualSettings(until=1.0)), "gradual.until"),
        (lambda: RateSettings(head=0.0), "rates.head"),
        (lambda: DropoutSettings(attention=1.0), "dropout.attention"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(settings: Callable[[], Any], named: str) -> None:
    with pytest.raises(SettingsError, match=rf"strategy\.{named.replace('.', r'[.]')}" if "." in named else named):
        settings()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (StrategySettings(reinit_layers=3), "at most 2"),
        (StrategySettings(trunk=TrunkTraining.frozen, frozen=FrozenSettings(open_layers=[2])), "-2 to 1"),
        (
            StrategySettings(trunk=TrunkTraining.frozen, frozen=FrozenSettings(open_layers=[0]), reinit_layers=1),
            r"freezes \[1\]",
        ),
    ],
)
def test_layers_that_the_trunk_lacks_or_that_would_stay_new_are_refused(
    settings: StrategySettings, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Strategy(settings, num_layers=2)


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_is_that_of_the_part_it_was_asked_for(family: str, make_model: MakeModel) -> None:
    model = make_model(family).train()
    before = weights(model)
    chosen = DropoutSettings(trunk=0.21, attention=0.22, char_channel=0.23, head=0.24)
    prepared = Strategy(StrategySettings(dropout=chosen), 2).prepare(model)
    assert prepared is model
    assert not moved(model, before)
    dropouts = {name: module.p for name, module in model.named_modules() if isinstance(module, nn.Dropout)}
    assert dropouts.pop("dropout") == 0.24
    assert dropouts.pop("charbert.char_dropout") == 0.23
    attention = {name for name in dropouts if name.endswith((".self.dropout", "attention.dropout", "out_drop"))}
    assert len(attention) == 2
    assert {dropouts[name] for name in attention} == {0.22}
    assert {dropouts[name] for name in dropouts.keys() - attention - {"charbert.trunk.pooler"}} == {0.21}


@pytest.mark.parametrize("trains", [False, True])
def test_another_dropout_leaves_a_model_in_training_or_in_evaluation(trains: bool, make_model: MakeModel) -> None:
    model = make_model().train(trains)
    Strategy(StrategySettings(dropout=DropoutSettings(trunk=0.9)), 2).prepare(model)
    assert {module.training for module in model.modules()} == {trains}


def test_dropout_of_one_part_leaves_the_others_alone(make_model: MakeModel) -> None:
    model = make_model()
    Strategy(StrategySettings(dropout=DropoutSettings(trunk=0.9)), 2).prepare(model)
    assert (model.dropout.p, model.charbert.char_dropout.p) == (0.1, 0.0)
    assert model.charbert.trunk.encoder.layer[0].attention.self.dropout.p == 0.1
