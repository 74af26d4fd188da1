"""What a command shows last: in a sweep once, after its last run."""

import os
import subprocess
import sys
from io import DEFAULT_BUFFER_SIZE

import pytest

PROGRAM = """
from unittest.mock import patch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from types import SimpleNamespace
from charbert.runs.ending import show_at_end, show_nothing

with (
    patch.object(HydraConfig, "initialized", return_value=True),
    patch.object(HydraConfig, "get", return_value=SimpleNamespace(mode=RunMode.{mode})),
):
    show_at_end("table", "table of one\\n")
    print("second run")
    show_at_end("table", "table of two\\n")
    show_at_end("next", "commands\\n")
{last}
"""


def shown(mode: str, last: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(mode=mode, last=last)], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")[:-1]


def test_a_sweep_shows_its_last_table_and_a_single_run_its_own() -> None:
    assert shown("MULTIRUN") == ["second run", "table of two", "commands"]
    assert shown("RUN") == ["table of one", "second run", "table of two", "commands"]


def test_after_an_error_nothing_is_shown() -> None:
    assert shown("MULTIRUN", "show_nothing()") == ["second run"]


@pytest.mark.parametrize("mode", ["RUN", "MULTIRUN"])
def test_a_reader_that_has_ended_ends_no_command(mode: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    last = f"print('more' * {DEFAULT_BUFFER_SIZE})" if mode == "RUN" else ""
    command = [sys.executable, "-c", PROGRAM.format(mode=mode, last=last)]
    done = subprocess.run(command, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_output_ends_no_command() -> None:
    command = [sys.executable, "-c", PROGRAM.format(mode="RUN", last="")]
    done = subprocess.run(command, preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_letters_that_a_terminal_lacks_are_shown_as_question_marks() -> None:
    program = "from charbert.runs.errors import reported; reported(print)('85.9 \u00b1 0.3')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("85.9 ? 0.3\n", "")
