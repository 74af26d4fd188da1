from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch

from charbert.training.trainer import CharBertTrainer


def test_a_trial_step_keeps_the_random_numbers_of_its_own_device_alone(
    make_model: Callable[..., Any], make_trainer: Callable[..., CharBertTrainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default torch keeps those of all GPUs of the machine, and warns of it in each process."""
    kept: list[Any] = []

    def fork_rng(devices: Any = None) -> AbstractContextManager[None]:
        kept.append(devices)
        return nullcontext()

    trainer = make_trainer(make_model())
    monkeypatch.setattr(torch.random, "fork_rng", fork_rng)
    assert not trainer._leaves_weights_out(trainer.model)
    assert kept == [[]]
