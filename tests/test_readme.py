"""What the README tells a newcomer to type works; recipes are swapped for the smallest one."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
COMMANDS = [
    line.split("#")[0].strip()
    for language, mark, body in BLOCKS
    if language == "bash" and "notest" not in mark
    for line in body.splitlines()
    if line.strip() and not line.startswith("#")
]
EXPERIMENTS = [command for command in COMMANDS if command.startswith("python experiments/")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for all commands, so that each finds what those before it made."""
    return tmp_path_factory.mktemp("readme")


def test_the_readme_has_commands() -> None:
    assert len(EXPERIMENTS) >= 4
    assert "make quickstart" in COMMANDS


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_targets_of_the_readme_exist(command: str) -> None:
    subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, check=True, capture_output=True)


def test_other_commands_are_known() -> None:
    known = ("make ", "python experiments/", "source .venv/bin/activate", "wandb sync ")
    assert [command for command in COMMANDS if not command.startswith(known)] == []


@pytest.mark.slow
@pytest.mark.parametrize("command", EXPERIMENTS)
def test_experiments_of_the_readme_run(command: str, folder: Path) -> None:
    _, script, *overrides = shlex.split(command)
    overrides = [override for override in overrides if not override.startswith("recipe=")]
    places = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}", "tracking=off"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, script, *overrides, "recipe=smoke", *places],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("body", [b for language, mark, b in BLOCKS if language == "python" and "notest" not in mark])
def test_python_of_the_readme_runs(body: str) -> None:
    exec(compile(body, "README.md", "exec"), {})
