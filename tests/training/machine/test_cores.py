"""More training threads than cores are warned of, of one training or of several."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
import torch

from charbert.training.machine import cores
from charbert.training.machine.cores import watched_cores


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other training of this machine is seen, and there is no accelerator."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def lock_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.lock"))


def test_as_many_threads_as_cores_are_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "usable_cores", torch.get_num_threads)
    with watched_cores():
        (name,) = lock_files(tmp_path)
        assert name.startswith(f"{os.getpid()}-{torch.get_num_threads()}-")
    assert not caplog.records
    assert not lock_files(tmp_path)


@pytest.mark.parametrize(("processes", "number"), [("1", 3), ("2", 6)])
def test_more_threads_than_cores_are_warned_of(
    processes: str, number: int, threads: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)  # as torchrun does
    torch.set_num_threads(3)
    with watched_cores():
        pass
    (message,) = caplog.messages
    assert f"{number} threads train on 2 cores" in message
    assert "OMP_NUM_THREADS=2" in message


def train_until(stop: Event, folder: str) -> None:
    tempfile.tempdir = folder
    with watched_cores():
        stop.wait(60)


def test_a_second_training_on_the_same_cores_is_warned_of_and_a_killed_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "usable_cores", torch.get_num_threads)
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    other = context.Process(target=train_until, args=(stop, str(tmp_path)))
    other.start()
    while not lock_files(tmp_path):
        time.sleep(0.01)
    time.sleep(0.1)  # the file is there a moment before its lock
    with watched_cores():
        (message,) = caplog.messages
        assert f"other trainings (process {other.pid}) use {torch.get_num_threads()} threads" in message
    caplog.clear()
    other.kill()
    other.join()
    assert lock_files(tmp_path)
    with watched_cores():
        assert not caplog.messages
        (name,) = lock_files(tmp_path)  # what the killed one left is gone
        assert name.startswith(f"{os.getpid()}-")


@pytest.mark.parametrize(("others", "helps"), [([7], True), ([7, 8], False)])
def test_fewer_threads_are_advised_only_where_they_leave_a_core_for_each_training(
    others: list[int], helps: bool, threads: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.setattr(cores, "_others", lambda *_: dict.fromkeys(others, 2))
    torch.set_num_threads(2)
    with watched_cores():
        (message,) = caplog.messages
    assert "run them one after the other" in message
    assert ("or set OMP_NUM_THREADS=1 for each" in message) == helps


def test_a_training_on_other_cores_is_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cores, "usable_cores", torch.get_num_threads)
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    monkeypatch.setattr(cores, "_cores", lambda: 0b1100)
    other = context.Process(target=train_until, args=(stop, str(tmp_path)))
    other.start()
    while not lock_files(tmp_path):
        time.sleep(0.01)
    monkeypatch.setattr(cores, "_cores", lambda: 0b11)
    with watched_cores():
        pass
    stop.set()
    other.join()
    assert not caplog.messages


def test_no_folder_for_temporary_files_stops_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    monkeypatch.setattr(cores, "usable_cores", torch.get_num_threads)
    with watched_cores():
        pass
    assert not caplog.messages
