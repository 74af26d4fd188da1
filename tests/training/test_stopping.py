"""Ctrl-C, SIGTERM and SIGHUP in a training: where it was is known, and the last two write a checkpoint first."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from charbert.runs.errors import reported
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.resuming import PositionCallback
from charbert.training.stopping import Stopped, leave_signals_to_parent, position, signals_heard, training_of
from tests.training.test_resuming import first_difference, trainer_of


class Signal(TrainerCallback):
    """Sends this process a signal at the end of a step, or in an evaluation after it."""

    def __init__(self, number: int, step: int, evaluating: bool = False) -> None:
        self.number, self.step, self.evaluating = number, step, evaluating

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self.evaluating and state.global_step + 1 == self.step:
            signal.raise_signal(self.number)

    def on_prediction_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.evaluating and state.global_step >= self.step:
            self.evaluating = False
            signal.raise_signal(self.number)


def signaled(folder: Path, *callbacks: TrainerCallback, **settings: Any) -> Any:
    """Train as a run does and get a signal."""
    trainer = trainer_of(**settings)(folder)
    with training_of("toy") as where:
        for callback in (*callbacks, PositionCallback(where)):
            trainer.add_callback(callback)
        trainer.train(resume_from_checkpoint=newest_checkpoint(folder))
    return trainer


@pytest.mark.parametrize(
    "settings", [{}, {"checkpoints": 0}, {"gradient_accumulation": 2}, {"best": True, "evaluations": 4}]
)
def test_sigterm_writes_a_checkpoint_of_its_step_from_which_the_training_is_the_same(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    whole = trainer_of(**settings)(tmp_path / "whole")
    whole.train()
    with signals_heard():
        with pytest.raises(Stopped):
            signaled(tmp_path / "stopped", Signal(signal.SIGTERM, 7), **settings)
        assert str(position()) == f"toy at step 7 of {whole.state.max_steps}; the newest checkpoint is of step 7"
    assert Path(newest_checkpoint(tmp_path / "stopped") or "").name == "checkpoint-7"
    again = signaled(tmp_path / "stopped", **settings)
    assert first_difference(again, whole) is None
    for parameter, expected in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(parameter, expected)


@pytest.fixture
def own_hang_up() -> Iterator[None]:
    """The tests may run under nohup, which ignores SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("own_hang_up")
def test_a_closed_terminal_of_which_the_shell_tells_too_writes_a_checkpoint(tmp_path: Path) -> None:
    twice = Signal(signal.SIGHUP, 7), Signal(signal.SIGHUP, 7)
    with signals_heard(), pytest.raises(Stopped):
        signaled(tmp_path, *twice)
    assert Path(newest_checkpoint(tmp_path) or "").name == "checkpoint-7"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


@pytest.mark.usefixtures("own_hang_up")
def test_under_nohup_a_closed_terminal_stops_nothing(tmp_path: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_heard():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        signaled(tmp_path, Signal(signal.SIGHUP, 3))  # to its end


def test_sigterm_in_an_evaluation_ends_after_the_next_step(tmp_path: Path) -> None:
    with signals_heard(), pytest.raises(Stopped):
        signaled(tmp_path, Signal(signal.SIGTERM, 3, evaluating=True), best=True, evaluations=6)
    assert newest_checkpoint(tmp_path) is not None


@pytest.mark.parametrize("evaluating", [False, True])
def test_ctrl_c_ends_the_training_after_its_step_without_a_checkpoint(tmp_path: Path, evaluating: bool) -> None:
    with signals_heard():
        with pytest.raises(KeyboardInterrupt):
            signaled(tmp_path, Signal(signal.SIGINT, 2, evaluating), checkpoints=1, epochs=3, evaluations=8)
        where = position()
        assert where is not None and where.saved is None and 0 < where.step < where.steps
    assert newest_checkpoint(tmp_path) is None


def send(number: int) -> None:
    signal.raise_signal(number)  # heard before it returns, by this thread


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_entry_point_outside_of_a_training_ends_with_one_line(
    number: int, status: int, word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "experiments/finetune.py", "task=ner", "model=a b"])
    handlers = [signal.getsignal(handled) for handled in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(SystemExit) as stopped:
        reported(send)(number)
    assert stopped.value.code == status
    expected = f"{word}: finished runs are kept. To continue: python experiments/finetune.py task=ner 'model=a b'\n"
    assert capsys.readouterr().err == expected
    assert [signal.getsignal(handled) for handled in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_second_signal_does_not_wait_for_the_step() -> None:
    for number, error in ((signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)):
        with signals_heard(), pytest.raises(error), training_of("toy"):
            send(number)
            send(number)
            pytest.fail("the second one was not heard")


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_processes_that_prepare_batches_leave_signals_to_the_training(
    ignored: int, restored_signals: Callable[[], None], tmp_path: Path
) -> None:
    leave_signals_to_parent()
    send(ignored)
    trainer = trainer_of(num_workers=1)(tmp_path)
    assert "leave_signals" in str(trainer.get_eval_dataloader().worker_init_fn)
    assert "begin_worker" in str(trainer.get_train_dataloader().worker_init_fn)


@pytest.fixture
def restored_signals() -> Any:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
