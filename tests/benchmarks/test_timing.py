import os
import time
from collections.abc import Callable

import pytest

from charbert.benchmarks.timing import median_seconds, peak_megabytes
from charbert.errors import CharBertError


def test_competitors_take_turns_and_the_first_round_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, order = [0.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    lasts = {"a": iter([100.0, 1.0, 9.0, 2.0]), "b": iter([100.0, 5.0, 4.0, 30.0])}

    def competitor(name: str) -> Callable[[], None]:
        def run() -> None:
            order.append(name)
            clock[0] += next(lasts[name])

        return run

    assert median_seconds({name: competitor(name) for name in "ab"}, 3) == {"a": 2.0, "b": 5.0}
    assert order == list("abababab")


def hold(megabytes: int) -> Callable[[], object]:
    return lambda: len(b"x" * (megabytes * 2**20))


def die() -> Callable[[], object]:
    return lambda: os._exit(9)


def test_peak_memory_is_what_a_run_holds() -> None:
    small, large = peak_megabytes(hold, 50), peak_megabytes(hold, 250)
    assert large - small == pytest.approx(200, abs=30)


def test_a_process_that_dies_is_told_of() -> None:
    with pytest.raises(CharBertError, match="code 9; out of memory"):
        peak_megabytes(die)
