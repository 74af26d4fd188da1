"""A training that is cut off after any checkpoint and taken up again is, to the last bit, one that never stopped."""

import itertools
import math
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import EarlyStoppingCallback, TrainerCallback

from charbert.config.training.trainer import OptimizerSettings, Schedule, TrainingSettings
from charbert.errors import TrainingError
from charbert.training.arguments import build_arguments
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.trainer import CharBertTrainer

ROWS = 22
Make = Callable[[Path], CharBertTrainer]


class Toy(nn.Module):
    """A small network with dropout whose loss counts as an objective's."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, input_ids: Tensor) -> dict[str, Any]:
        loss = (self.layers(input_ids[:, :4]) ** 2).mean()
        return {"loss": loss, "mlm_loss": loss, "mlm_count": len(input_ids), "mlm_correct": 1000 * loss.detach()}


class ChangingRows(Dataset[dict[str, Any]]):
    """Rows of several lengths that are others in every epoch."""

    def __init__(self) -> None:
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> dict[str, Any]:
        if index >= ROWS:
            raise IndexError(index)
        draw = torch.Generator().manual_seed(1000 * int(self._epoch) + index)
        return {"input_ids": torch.randn(4 + index % 3, generator=draw)}


def padded(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
    return {"input_ids": nn.utils.rnn.pad_sequence([row["input_ids"] for row in rows], batch_first=True)}


def trainer_of(*, patience: int | None = None, best: bool = False, **settings: Any) -> Make:
    """A maker of trainers of the same settings in a folder."""
    optimizer = OptimizerSettings(learning_rate=0.01, schedule=Schedule.constant)
    chosen = {"epochs": 3, "batch_size": 3, "checkpoints": 8, "log_every": 5, "optimizer": optimizer}
    training = TrainingSettings(**(chosen | settings))

    def make(folder: Path) -> CharBertTrainer:
        arguments = build_arguments(
            training, folder, 0, ROWS, best_metric="eval_loss" if best else None, label_names=["input_ids"]
        )
        trainer = CharBertTrainer(
            model=Toy(),
            args=arguments,
            train_dataset=ChangingRows(),
            eval_dataset=[{"input_ids": torch.full((4,), 1.0 + row)} for row in range(5)],
            data_collator=padded,
        )
        if patience is not None:
            trainer.add_callback(EarlyStoppingCallback(patience))
        return trainer

    return make


class CutOff(TrainerCallback):
    """End the process after the next checkpoint, as far as a test can."""

    def on_save(self, *args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt


def taken_up(make: Make, folder: Path) -> tuple[CharBertTrainer, int]:
    """Train with a cut after every checkpoint; return the last trainer and the number of cuts."""
    for cuts in range(30):
        trainer = make(folder)
        trainer.add_callback(CutOff())
        torch.manual_seed(cuts)  # what a fresh process draws must not matter
        try:
            trainer.train(resume_from_checkpoint=newest_checkpoint(folder))
            return trainer, cuts
        except KeyboardInterrupt:
            continue
    raise AssertionError("the training never came to an end")


def first_difference(first: CharBertTrainer, second: CharBertTrainer) -> object:
    """Return the first lines of two logs that differ, None where the logs are equal."""
    pairs = itertools.zip_longest(told(first), told(second))
    return next(((line, same) for line, same in pairs if line != same), None)


def told(trainer: CharBertTrainer) -> list[dict[str, Any]]:
    """Return the log of a training without its running times."""
    timed = ("_runtime", "_per_second")
    return [
        {name: value for name, value in line.items() if not name.endswith(timed)} for line in trainer.state.log_history
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"group_by_length": True},
        {"gradient_accumulation": 2},
        {"num_workers": 1, "group_by_length": True, "epochs": 2},
        {"max_steps": 19},
        {"best": True, "evaluations": 8, "max_steps": 19},
        {"best": True, "evaluations": 12, "patience": 2},
    ],
    ids=str,
)
def test_a_training_that_is_cut_off_again_and_again_is_the_same(tmp_path: Path, settings: dict[str, Any]) -> None:
    make = trainer_of(**settings)
    whole = make(tmp_path / "whole")
    whole.train()
    last, cuts = taken_up(make, tmp_path / "cut")
    assert cuts > 2
    assert first_difference(last, whole) is None
    for parameter, expected in zip(last.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(parameter, expected)


def test_the_intervals_of_checkpoints_and_log_lines_may_change_between_two_starts(tmp_path: Path) -> None:
    for settings in ({"checkpoints": 2}, {"checkpoints": 24, "log_every": 1}):
        trainer = trainer_of(**settings)(tmp_path)
        trainer.add_callback(CutOff())
        with pytest.raises(KeyboardInterrupt):
            trainer.train(resume_from_checkpoint=newest_checkpoint(tmp_path))
    assert Path(newest_checkpoint(tmp_path) or "").name == "checkpoint-13"
    assert [line["step"] for line in trainer.state.log_history if "loss" in line] == [5, 10, 13]


def test_no_checkpoint_is_written_of_weights_that_are_no_numbers(tmp_path: Path) -> None:
    trainer = trainer_of(checkpoints=24)(tmp_path)
    weight = trainer.model.layers[0].weight
    weight.register_hook(lambda gradient: gradient * math.inf if trainer.state.global_step == 6 else gradient)
    with pytest.raises(TrainingError, match=r"weights are no finite numbers after step 7 \(layers\.0\.weight"):
        trainer.train()
    assert Path(newest_checkpoint(tmp_path) or "").name == "checkpoint-6"


def test_a_loss_that_was_not_finite_once_leaves_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    make = trainer_of(checkpoints=24)
    whole = make(tmp_path / "whole")
    whole.train()
    stopped = make(tmp_path / "stopped")
    stopped.model.layers[0].register_forward_hook(
        lambda module, inputs, output: output * math.nan if stopped.state.global_step == 13 else output
    )
    with pytest.raises(TrainingError, match=r"nan at step 14.*checkpoint-13"):
        stopped.train()
    again = make(tmp_path / "stopped")
    again.train(resume_from_checkpoint=newest_checkpoint(tmp_path / "stopped"))
    assert first_difference(again, whole) is None


class KilledWorker(TrainerCallback):
    """Kill one of the processes that prepare batches, as a system without memory does."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 5:
            os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
            time.sleep(0.5)


def test_a_killed_data_loader_ends_with_one_message_and_can_be_taken_up(tmp_path: Path) -> None:
    make = trainer_of(num_workers=1, epochs=1, checkpoints=8)
    whole = make(tmp_path / "whole")
    whole.train()
    killed = make(tmp_path / "killed")
    killed.add_callback(KilledWorker())
    with pytest.raises(TrainingError, match=r"prepares batches .*memory ran out; lower num_workers .*same command"):
        killed.train()
    again = make(tmp_path / "killed")
    again.train(resume_from_checkpoint=newest_checkpoint(tmp_path / "killed"))
    assert first_difference(again, whole) is None


def test_a_checkpoint_restores_the_random_numbers_of_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of()(tmp_path)
    trainer._tr_loss, trainer._total_loss_scalar, trainer._globalstep_last_logged = torch.tensor(0.0), 0.0, 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda.random, "get_rng_state", lambda: torch.tensor([1, 2, 3], dtype=torch.uint8))
    restored: list[Tensor] = []
    monkeypatch.setattr(torch.cuda.random, "set_rng_state", restored.append)
    trainer._save_rng_state(str(tmp_path))
    trainer._load_rng_state(str(tmp_path))
    assert [state.tolist() for state in restored] == [[1, 2, 3]]
    assert (tmp_path / "unlogged-0.pt").is_file()
