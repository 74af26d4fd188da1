"""LoRA by the Trainer's own steps: which weights move, and that an interrupted run goes on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import TrainerCallback

from charbert.config.training.strategy import (
    ChannelTraining,
    LoraSettings,
    RateSettings,
    StrategySettings,
    TrunkTraining,
)
from charbert.model import CharBertForTokenClassification
from charbert.training.optimizer import count_parameters, peak_rates
from charbert.training.strategies import Strategy
from charbert.training.trainer import CharBertTrainer

MakeModel = Callable[..., CharBertForTokenClassification]
MakeTrainer = Callable[..., CharBertTrainer]


def lora(channel: ChannelTraining = ChannelTraining.full, **options: Any) -> StrategySettings:
    return StrategySettings(trunk=TrunkTraining.lora, lora=LoraSettings(rank=2, char_channel=channel), **options)


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


@pytest.mark.parametrize(
    ("family", "channel"),
    [
        *((family, None) for family in ("bert", "roberta", "distilbert")),
        *((family, ChannelTraining.lora) for family in ("bert", "electra", "modernbert")),
        ("bert", ChannelTraining.full),
        ("bert", ChannelTraining.frozen),
    ],
)
def test_lora_moves_attention_maps_the_head_and_of_the_char_channel_what_was_asked(
    family: str, channel: ChannelTraining | None, make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    model = make_model(family, chars=channel is not None)
    before = weights(model)
    strategy = Strategy(lora(channel or ChannelTraining.full), 2)
    trainer = make_trainer(strategy.prepare(model), strategy, max_steps=2)
    trainer.train()
    finished = strategy.finish(trainer.model)
    assert isinstance(finished, CharBertForTokenClassification)
    after = weights(finished)
    assert after.keys() == before.keys()
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    maps = ("query.weight", "value.weight", "q_lin.weight", "v_lin.weight", "Wqkv.weight")
    wanted = {name for name in after if "trunk" in name and name.endswith(maps)}
    wanted |= {"classifier.weight", "classifier.bias"}
    if channel is ChannelTraining.full:
        wanted |= {name for name in after if "char_encoder" in name or "interactions" in name}
    if channel is ChannelTraining.lora:
        wanted |= {name for name in after if "interactions" in name and name.endswith(".weight") and "norm" not in name}
    assert moved == wanted


def test_lora_trains_few_weights_and_at_their_own_rate(make_model: MakeModel, make_trainer: MakeTrainer) -> None:
    settings = lora(ChannelTraining.frozen, rates=RateSettings(trunk=0.5))
    strategy = Strategy(settings, 2)
    total = count_parameters(make_model())["total"]
    trainer = make_trainer(strategy.prepare(make_model()), strategy)
    trainer.train()
    adapters, head = 2 * 2 * 2 * (8 + 8), 16 * 3 + 3  # layers, maps, rank; both channels to three tags
    assert count_parameters(trainer.model) == {"total": total + adapters, "trainable": adapters + head}
    assert peak_rates(trainer.optimizer) == {"layer 0": 0.5, "layer 1": 0.5, "head": 0.01}


def test_an_interrupted_run_with_adapters_resumes_to_the_same_weights(
    make_model: MakeModel, make_trainer: MakeTrainer
) -> None:
    class Stop(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
            control.should_training_stop = control.should_save = state.global_step == 2
            return control

    def prepared(folder: str) -> CharBertTrainer:
        torch.manual_seed(5)
        return make_trainer(strategy.prepare(make_model()), strategy, folder=folder, checkpoints=4)

    strategy = Strategy(lora(), 2)
    whole = prepared("whole")
    whole.train()
    half = prepared("half")
    half.add_callback(Stop())
    half.train()
    again = prepared("half")
    again.train(resume_from_checkpoint=f"{half.args.output_dir}/checkpoint-2")
    expected = weights(strategy.finish(whole.model))
    for name, weight in weights(strategy.finish(again.model)).items():
        assert torch.equal(weight, expected[name]), name
