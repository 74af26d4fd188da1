"""Every experiment's script starts in a process of its own and tells of a wrong setting in one line."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = sorted(path.name for path in (Path(__file__).parents[1] / "experiments").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_with_one_clear_message(
    script: str, tmp_path: Path, run_experiment: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    wrong = ("hydra.mode=RUN", "tracking=off", "finetuning.batch_size=0")
    done = run_experiment(script, tmp_path, *wrong, expect=2, new_process=True)
    assert re.fullmatch("error: .*finetuning.batch_size must be at least 1, got 0.*\n", done.stderr)
    assert not list(tmp_path.rglob("record.json"))
