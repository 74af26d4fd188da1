"""What a command shows last: in a sweep once, after its last run."""

import subprocess
import sys

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
