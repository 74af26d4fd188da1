"""Every experiment's script starts in a process of its own and tells of a wrong setting in one line."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "experiments"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))
NEEDED = {"torch", "transformers", "accelerate", "scipy"}
"""By models of transformers."""
LARGE = NEEDED | {"peft", "datasets", "pandas", "pyarrow", "sklearn", "matplotlib", "wandb", "optuna", "faker"}


def test_no_script_imports_a_large_library_before_its_settings_are_checked(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    code = "import runpy, sys; [runpy.run_path(path, run_name='script') for path in sys.argv[1:]]; print(*sys.modules)"
    modules = run_python("-c", code, *(str(FOLDER / script) for script in SCRIPTS)).stdout.split()
    assert "charbert.pipelines.tables.paper" in modules
    assert not LARGE & set(modules)


@pytest.mark.slow
def test_predict_imports_nothing_that_only_training_and_studies_need(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    modules = run_python("-c", "import sys, charbert.deploy.predict.files; print(*sys.modules)").stdout.split()
    assert not (LARGE - NEEDED) & set(modules)
    assert not {"hydra", "transformers.trainer"} & set(modules)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_with_one_clear_message(
    script: str, tmp_path: Path, run_experiment: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    wrong = ("hydra.mode=RUN", "tracking=off", "finetuning.batch_size=0")
    done = run_experiment(script, tmp_path, *wrong, expect=2, new_process=True)
    assert re.fullmatch("error: .*finetuning.batch_size must be at least 1, got 0.*\n", done.stderr)
    assert not list(tmp_path.rglob("record.json"))


def test_the_help_of_a_script_begins_with_what_it_does(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    shown = run_python(str(FOLDER / "leaderboard.py"), "--help").stdout
    assert shown.startswith("The leaderboard: all models of a recipe")
    assert shown.index("python experiments/leaderboard.py recipe=minilm") < shown.index("== Config ==")


def test_a_help_that_nobody_reads_to_its_end_ends_without_a_stack_trace() -> None:
    command = [sys.executable, str(FOLDER / "leaderboard.py"), "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
