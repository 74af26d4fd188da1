import logging
import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.errors import CheckpointError, RecordError
from charbert.integrity import CHECKSUMS, record_checksums
from charbert.training.arguments import build_arguments
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.trainer import CharBertTrainer

STEPS = 40


class Toy(nn.Module):
    """A small network with dropout, so that the state of the random generator matters."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> dict[str, Any]:
        return {"loss": (self.layers(x) ** 2).mean()}


def new_trainer(folder: Path, best_metric: str | None = None, **settings: Any) -> CharBertTrainer:
    torch.manual_seed(0)
    data = [{"x": torch.randn(4), "example_ids": torch.tensor(i)} for i in range(2 * STEPS)]
    training = TrainingSettings(
        epochs=1, batch_size=2, log_every=1, optimizer=OptimizerSettings(learning_rate=1e-2), **settings
    )
    return CharBertTrainer(
        model=Toy(),
        args=build_arguments(training, folder, 0, len(data), best_metric=best_metric, label_names=["x"]),
        train_dataset=data,
        eval_dataset=data[:4],
    )


def train(folder: Path) -> CharBertTrainer:
    trainer = new_trainer(folder, checkpoints=20)
    trainer.train(resume_from_checkpoint=newest_checkpoint(folder))
    return trainer


def losses(trainer: CharBertTrainer) -> list[float]:
    return [line["loss"] for line in trainer.state.log_history if "loss" in line]


def test_a_checkpoint_has_checksums_and_no_draft_is_left(tmp_path: Path) -> None:
    train(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("checkpoint-*")) == ["checkpoint-38", "checkpoint-40"]
    assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-40")
    assert list((tmp_path / ".writing").glob("*")) == []


def test_the_best_checkpoint_stays_and_is_known_by_its_final_name(tmp_path: Path) -> None:
    trainer = new_trainer(tmp_path, best_metric="eval_loss", evaluations=8)
    trainer.train()
    best = trainer.state.best_model_checkpoint
    assert best == str(tmp_path / f"checkpoint-{trainer.state.best_global_step}")
    assert Path(best).is_dir()
    state = (Path(best) / "trainer_state.json").read_text()
    assert ".writing" not in state


BEST, CUT = 10, 30


def trainer_with_an_early_best(folder: Path, monkeypatch: pytest.MonkeyPatch) -> CharBertTrainer:
    """A trainer of 8 evaluations, of which the one at step 10 is the best."""
    trainer = new_trainer(folder, best_metric="eval_loss", evaluations=8)
    monkeypatch.setattr(
        trainer, "evaluate", lambda **options: {"eval_loss": float(abs(trainer.state.global_step - BEST))}
    )
    return trainer


def cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int = CUT) -> tuple[Path, dict[str, Tensor]]:
    """Return the folder of a run that was interrupted and then moved, and the weights of its best checkpoint."""
    trainer = trainer_with_an_early_best(tmp_path / "begun", monkeypatch)
    step = trainer.training_step

    def stop_after_the_cut(*arguments: Any) -> Tensor:
        if trainer.state.global_step == cut:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer, "training_step", stop_after_the_cut)
    with suppress(KeyboardInterrupt):
        trainer.train()
    assert trainer.state.global_step == cut
    (tmp_path / "begun").rename(tmp_path / "moved")
    best = load_file(tmp_path / "moved" / f"checkpoint-{BEST}" / "model.safetensors")
    return tmp_path / "moved", best


def is_of(model: nn.Module, weights: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("cut", [CUT, STEPS])
def test_a_run_whose_folder_was_moved_ends_with_its_best_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    folder, best = cut_off(tmp_path, monkeypatch, cut)
    shutil.copytree(folder, folder.with_name("begun"))  # what lies at the old path is of somebody else
    other = {name: torch.zeros_like(value) for name, value in best.items()}
    save_file(other, folder.with_name("begun") / f"checkpoint-{BEST}" / "model.safetensors")
    trainer = trainer_with_an_early_best(folder, monkeypatch)
    trainer.train(resume_from_checkpoint=newest_checkpoint(folder))
    assert trainer.state.global_step == STEPS
    assert trainer.state.best_model_checkpoint == str(folder / f"checkpoint-{BEST}")
    assert is_of(trainer.model, best)


@pytest.mark.parametrize("name", [f"checkpoint-{BEST}", f"checkpoint-{BEST}/model.safetensors"])
def test_a_run_whose_best_checkpoint_is_gone_or_damaged_stops_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder, _ = cut_off(tmp_path, monkeypatch)
    (folder / name).rename(folder / "elsewhere")
    trainer = trainer_with_an_early_best(folder, monkeypatch)
    with pytest.raises(
        CheckpointError, match=rf"checkpoint-{BEST}: expected the best checkpoint so far, .*put it back"
    ):
        trainer.train(resume_from_checkpoint=newest_checkpoint(folder))
    assert trainer.state.global_step == CUT


def test_a_best_checkpoint_that_goes_away_while_training_stops_the_run_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_with_an_early_best(tmp_path, monkeypatch)
    step = trainer.training_step

    def delete_the_best(*arguments: Any) -> Tensor:
        if trainer.state.global_step == CUT:
            shutil.rmtree(tmp_path / f"checkpoint-{BEST}", ignore_errors=True)
        return step(*arguments)

    monkeypatch.setattr(trainer, "training_step", delete_the_best)
    with pytest.raises(CheckpointError, match=rf"checkpoint-{BEST}: expected the best checkpoint so far, got no such"):
        trainer.train()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    train(folder)
    return folder


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json", CHECKSUMS]
)
def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(
    finished: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None], name: str
) -> None:
    for step in (38, 40):
        copy(finished / f"checkpoint-{step}", tmp_path / f"checkpoint-{step}")
    damage(tmp_path / "checkpoint-40" / name)
    with caplog.at_level(logging.WARNING):
        assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-38")
    assert "checkpoint-40 is damaged" in caplog.text
    assert (tmp_path / ".damaged" / "checkpoint-40").is_dir()


def copy(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())


def test_where_every_checkpoint_is_damaged_training_begins_anew(tmp_path: Path) -> None:
    for step in (1, 2):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "model.safetensors").write_bytes(b"weights")
    assert newest_checkpoint(tmp_path) is None
    assert newest_checkpoint(tmp_path / "nowhere") is None


def test_checksums_are_of_the_files_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-3" / "inner").mkdir(parents=True)
    (tmp_path / "checkpoint-3" / "inner" / "file").write_bytes(b"x")
    record_checksums(tmp_path / "checkpoint-3")
    assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-3")


def test_an_error_in_the_middle_of_writing_leaves_the_checkpoint_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = new_trainer(tmp_path, checkpoints=4)

    def fail_at_the_second(folder: str) -> None:
        if trainer.state.global_step > 10:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(trainer, "_save_rng_state", fail_at_the_second)
    with pytest.raises(RecordError, match=r"checkpoint-20: the checkpoint could not be written .*No space left"):
        trainer.train()
    assert [path.name for path in tmp_path.glob("checkpoint-*")] == ["checkpoint-10"]
    assert newest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")


@pytest.mark.slow
def test_a_run_killed_twenty_times_ends_with_the_same_weights_and_losses(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole")
    draw, kills, server = random.Random(1), 0, fork_server()
    resumed_from = set()
    while kills < 20:
        process = server.Process(target=train, args=(tmp_path / "killed",))
        process.start()
        wait_for_changes(process, tmp_path / "killed", draw.randint(1, 12))
        process.join(draw.uniform(0.0, 0.02))
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            kills += 1
        process.join()
        resumed_from.add(newest_checkpoint(tmp_path / "killed"))
        if process.exitcode == 0:  # it got to the end: begin the next run of the same
            assert_same(train(tmp_path / "killed"), whole)
            for path in (tmp_path / "killed").glob("checkpoint-*"):
                path.rename(tmp_path / f"{path.name}-{kills}")
    assert_same(train(tmp_path / "killed"), whole)
    assert len(resumed_from) > 2  # kills met the run at several places


def fork_server() -> Any:
    """Return what starts processes as copies of one that has only imported this module.

    A copy of this process could hang: OpenMP's threads, which it has once torch has computed, do not exist in the copy.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def wait_for_changes(process: Any, folder: Path, changes: int) -> None:
    """Wait until checkpoints began or ended a number of times, or the process ended."""
    before = listing(folder)
    while changes and process.is_alive():
        if (now := listing(folder)) != before:
            before, changes = now, changes - 1
        process.join(0.001)


def listing(folder: Path) -> set[str]:
    return {path.name for pattern in ("checkpoint-*", ".writing/*") for path in folder.glob(pattern)}


def assert_same(trainer: CharBertTrainer, whole: CharBertTrainer) -> None:
    assert losses(trainer) == losses(whole)
    for parameter, expected in zip(trainer.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(parameter, expected)
