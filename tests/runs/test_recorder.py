import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from filelock import FileLock, Timeout
from transformers import EarlyStoppingCallback

from charbert.config.schema import Settings
from charbert.integrity import checksums, record_checksums
from charbert.records import ResultRecord, read_record, start_record
from charbert.runs.recorder import accelerator_name, final_scores, history, recorded_run, train
from charbert.runs.run import Run
from charbert.training.tracking import TrackedRun


class Recorder:
    """Stands for a trainer: remembers what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.args = SimpleNamespace(output_dir=str(folder), bf16=True, metric_for_best_model=None)
        self.state = SimpleNamespace(num_input_tokens_seen=42, log_history=[])
        self.callbacks: list[Any] = []
        self.checkpoint: str | None = "not asked"

    def add_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def train(self, resume_from_checkpoint: str | None) -> None:
        self.checkpoint = resume_from_checkpoint

    def make_whole(self) -> None:
        return


def a_record() -> ResultRecord:
    return start_record("pretrain", "pretrain", "a run", settings={}, seed=0)


@pytest.mark.parametrize(("patience", "stops"), [(None, False), (3, True)])
def test_patience_stops_a_training_that_no_longer_improves(tmp_path: Path, patience: int | None, stops: bool) -> None:
    trainer, record = Recorder(tmp_path), a_record()
    train(trainer, record, TrackedRun(), patience)  # type: ignore[arg-type]
    assert record.training_tokens == 42
    callbacks = [callback for callback in trainer.callbacks if isinstance(callback, EarlyStoppingCallback)]
    assert [callback.early_stopping_patience for callback in callbacks] == ([patience] if stops else [])


def test_training_goes_on_from_the_newest_checkpoint(tmp_path: Path) -> None:
    for step in (5, 20, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        record_checksums(tmp_path / f"checkpoint-{step}")
    trainer = Recorder(tmp_path)
    train(trainer, a_record(), TrackedRun())  # type: ignore[arg-type]
    assert trainer.checkpoint == str(tmp_path / "checkpoint-20")


def test_training_without_a_checkpoint_starts_from_the_first_step(tmp_path: Path) -> None:
    trainer = Recorder(tmp_path / "new")
    train(trainer, a_record(), TrackedRun())  # type: ignore[arg-type]
    assert trainer.checkpoint is None


def test_the_time_of_a_resumed_run_is_that_of_all_its_starts(tmp_path: Path) -> None:
    trainer, record = Recorder(tmp_path), a_record()
    seconds = [10.0, 400.0, 7.0, 100.0, 3.0]  # three pieces: each begins to count anew
    trainer.state.log_history = [{"loss": 1.0, "step": step, "train_runtime": s} for step, s in enumerate(seconds)]
    train(trainer, record, TrackedRun())  # type: ignore[arg-type]
    record.finish({})
    assert 500 <= record.wall_seconds < 510
    assert record.finished < (datetime.now(UTC) + timedelta(seconds=10)).isoformat()


def test_the_record_and_one_line_of_the_log_say_in_what_precision_a_run_is_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    record = start_record("finetune", "table2", "ner-bert-s1", settings={"precision": "auto"}, seed=1)
    train(Recorder(tmp_path), record, TrackedRun())
    assert record.hardware["precision"] == "bf16"
    assert record.hardware["threads"] == torch.get_num_threads()
    assert [message for message in caplog.messages if "bf16" in message] == [
        f"ner-bert-s1: training in bf16 on a CPU, threads: {torch.get_num_threads()}"
    ]


class Evaluated:
    """Stands for a trainer after training: its log, and how often it was asked to evaluate."""

    def __init__(self, steps: int, evaluated: list[int], best: int | None = None) -> None:
        self.args = SimpleNamespace(load_best_model_at_end=best is not None)
        lines = [{"step": step, "epoch": 1.0, "eval_loss": float(step)} for step in evaluated]
        log_history = [*lines, {"step": steps, "train_loss": 2.0}]
        self.state = SimpleNamespace(global_step=steps, best_global_step=best, log_history=log_history)
        self.evaluations = 0

    def evaluate(self) -> dict[str, float]:
        self.evaluations += 1
        return {"eval_loss": -1.0}


@pytest.mark.parametrize(
    ("trainer", "loss", "evaluations"),
    [
        (Evaluated(10, [5, 10]), 10.0, 0),
        (Evaluated(11, [5, 10]), -1.0, 1),
        (Evaluated(11, [5, 10], best=5), 5.0, 0),
    ],
    ids=["evaluated at the end", "evaluated before the end", "the best is kept"],
)
def test_the_weights_that_are_kept_are_evaluated_once(trainer: Evaluated, loss: float, evaluations: int) -> None:
    assert final_scores(trainer) == {"eval_loss": loss}  # type: ignore[arg-type]
    assert trainer.evaluations == evaluations


def test_a_run_is_recorded_by_one_process_at_a_time(composed: Callable[..., Settings], tmp_path: Path) -> None:
    folders = (f"paths.outputs={tmp_path}/outputs", f"paths.results={tmp_path}/results")
    settings = composed("recipe=smoke", "tracking=off", *folders)
    run = Run(settings, "search", ["search"], {})  # which takes no lock for its trials
    with recorded_run(settings, run) as (record, _):
        (lock,) = (tmp_path / "outputs/locks").iterdir()
        with pytest.raises(Timeout):
            FileLock(lock).acquire(timeout=0)
        record.finish({"dev/ner/f1": 0.5})
    FileLock(lock).acquire(timeout=0)
    assert read_record(run.record_path).metrics == {"dev/ner/f1": 0.5}


def test_checksums_are_by_path_below_the_data_folder(tmp_path: Path) -> None:
    file = tmp_path / "ner" / "train.txt"
    file.parent.mkdir()
    file.write_text("word\n")
    assert list(checksums([file], tmp_path)) == ["ner/train.txt"]


def test_running_times_are_left_out_of_a_records_history() -> None:
    trained = Evaluated(10, [10])
    trained.state.log_history[0] |= {"eval_runtime": -86400.0, "eval_samples_per_second": -0.1}
    assert history(trained) == [{"step": 10, "epoch": 1.0, "eval_loss": 10.0}, {"step": 10}]  # type: ignore[arg-type]


def test_an_accelerator_that_is_no_gpu_of_cuda_is_named_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device, name in ((torch.device("mps", 0), "mps"), (None, None)):
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available, device=device: device)
        assert accelerator_name() == name
