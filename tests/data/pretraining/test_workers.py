"""Work in several processes: results in order, the reader's errors in their place, and clear ends."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from charbert.data.pretraining import workers
from charbert.data.pretraining.workers import map_in_order, progress_shown
from charbert.errors import DataError, TrainingError


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes with the first piece."""
    monkeypatch.setattr(workers, "PIECES_ALONE", 0)


def double(number: int) -> int:
    return 2 * number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def numbers(stop: int, read: list[int]) -> Iterator[int]:
    for number in range(stop):
        read.append(number)
        yield number
    raise DataError("no more numbers")


def test_results_come_in_order_and_an_error_of_the_reader_after_them() -> None:
    for processes in (1, 2):
        results = []
        done = map_in_order(double, numbers(40, []), processes)
        with pytest.raises(DataError, match="no more numbers"):
            for pair in done:
                results.append(pair)
        assert results == [(number, 2 * number) for number in range(40)]


@pytest.mark.usefixtures("at_once")
def test_pieces_are_read_as_they_are_needed_and_processes_end_when_no_more_are() -> None:
    read: list[int] = []
    with closing(map_in_order(double, numbers(1000, read), 2)) as done:
        assert [next(done) for _ in range(10)] == [(number, 2 * number) for number in range(10)]
        assert len(read) <= 10 + 2 * 2
        assert multiprocessing.active_children()
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("at_once")
def test_a_killed_process_is_reported_with_what_to_do_and_the_others_end() -> None:
    with pytest.raises(TrainingError, match=r"ended a process .*; lower corpus\.num_workers .*same command"):
        list(map_in_order(die_at_three, range(100), 2))
    assert not multiprocessing.active_children()


def test_without_a_terminal_progress_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_LINES", 0.0)
    with caplog.at_level("INFO"), progress_shown("packing text", 4_000_000, "B") as add:
        add(1_000_000)
        add(2_000_000)
    assert [record.message for record in caplog.records] == ["packing text: 1.00MB (25%)", "packing text: 3.00MB (75%)"]
