"""Hooks that measure the processor time of each test: a long test without the mark ``slow`` fails.

Time of the processor and not of the clock, so that other work on the machine does not fail a test. The time of the
processes that a test started and waited for counts too; that of its fixtures does not. A process that an earlier test
left behind is charged to the test in which it is waited for, so no more counts than the clock shows. On a machine that
takes longer for a fixed loop than the one the limit was set on, at that moment, the limit is longer by the same factor.
"""

import resource
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.new_process import seconds_of_ended

REFERENCE_SECONDS = 0.04
"""Time of `_reference_loop` on the machine where the limit was set (AMD EPYC, Zen 4)."""


def _reference_loop() -> float:
    """Return the processor time of a fixed piece of work, the least of three."""

    def once() -> float:
        before = time.process_time()
        sum(number * number for number in range(1_000_000))
        return time.process_time() - before

    return min(once() for _ in range(3))


LIMIT = 5.0
"""Seconds, on the machine of `REFERENCE_SECONDS`."""
_SPENT = "cpu seconds of the "
_spent: dict[str, float] = {}
"""Seconds by test and phase, as the reports of all worker processes give them."""


def cpu_seconds() -> float:
    """Return the processor time that this process and the processes that it waited for have used."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + seconds_of_ended()


@contextmanager
def _measured(item: pytest.Item, phase: str) -> Iterator[None]:
    before = cpu_seconds()
    try:
        yield
    finally:
        item.user_properties.append((_SPENT + phase, cpu_seconds() - before))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    with _measured(item, "setup"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    start = time.monotonic()
    with _measured(item, "call"):
        result = yield
    clock = time.monotonic() - start
    used = min(item.user_properties[-1][1], clock)
    if used > LIMIT and item.get_closest_marker("slow") is None:
        slowness = max(1.0, _reference_loop() / REFERENCE_SECONDS)
        if used > LIMIT * slowness:
            figures = (
                f"{used:.1f} s of processor time ({clock:.1f} s by the clock, a machine {slowness:.1f} times slower)"
            )
            pytest.fail(f"took {figures}: make it cheaper or mark it slow", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    with _measured(item, "teardown"):
        return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        phases = {name.removeprefix(_SPENT): used for name, used in report.user_properties if name.startswith(_SPENT)}
        _spent.update({f"{phase:8} {report.nodeid}": used for phase, used in phases.items()})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-durations", type=int, default=0, metavar="N", help="show the N longest phases by CPU time")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    number = config.getoption("--cpu-durations")
    if number and _spent:
        terminalreporter.section(f"longest {number} phases of {sum(_spent.values()):.0f} s of processor time")
        for name in sorted(_spent, key=_spent.__getitem__, reverse=True)[:number]:
            terminalreporter.line(f"{_spent[name]:7.2f} s {name}")
