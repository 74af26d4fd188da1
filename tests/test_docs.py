"""What the README and the guide tell a user to type works; recipes are swapped for the smallest one.

The blocks of a page run in their order in one folder that looks like a checkout. A block marked ``notest`` is left out.
"""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CHECKOUT = (
    *("charbert", "conf", "experiments", "notebooks"),
    *("Makefile", "pyproject.toml", "constraints.txt", "requirements-minilm.txt"),
)
LEFT_OUT = ("source .venv/bin/activate", "wandb sync ", "wandb agent ", "pip install ")
"""Commands that are about the user's machine or account."""


class Block(NamedTuple):
    """One block of code of a page."""

    language: str
    mark: str
    body: str


def blocks_of(page: Path) -> list[Block]:
    found = [Block(*block) for block in BLOCK.findall(page.read_text(encoding="utf-8"))]
    return [block for block in found if block.language in ("bash", "python") and "notest" not in block.mark]


def commands_of(block: Block) -> list[str]:
    """Return a block's lines, those that a backslash continues joined."""
    return block.body.replace("\\\n", " ").splitlines() if block.language == "bash" else []


def in_smoke_form(text: str) -> str:
    """Return a command or code on the smallest recipe, a command of an experiment without tracking."""
    text = re.sub(r"\b(outputs|results)/(quick|minilm|paper)\b", r"\1/smoke", text)
    text = re.sub(r"\brecipe=(quick|minilm|paper)\b", "recipe=smoke", text)
    if text.startswith("make "):
        return text.replace("make ", "make --dry-run ", 1)
    if text.startswith(LEFT_OUT):
        return ":"
    if text.startswith("python experiments/"):
        command, comment = re.fullmatch(r"(.*?)((?: #.*)?)", text).groups()
        wanted = ("recipe=smoke", "tracking=off")
        added = [option for option in wanted if option.split("=")[0] + "=" not in command]
        return " ".join([command.rstrip(), *added]) + comment
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place that looks like a checkout, where what the commands of a page write stays apart."""
    for name in CHECKOUT:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run_bash(block: Block, folder: Path) -> None:
    script = "\n".join(in_smoke_form(line) for line in commands_of(block))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"


def run_blocks(page: Path, folder: Path) -> list[Block]:
    """Run what a page says to type, and return what was run to its end."""
    done: list[Block] = []
    with contextlib.chdir(folder):
        for block in blocks_of(page):
            if block.language == "bash":
                run_bash(block, folder)
            else:
                exec(compile(in_smoke_form(block.body), page.name, "exec"), {})
            done.append(block)
    return done


def test_the_readme_has_commands() -> None:
    commands = [line.split("#")[0].strip() for block in blocks_of(ROOT / "README.md") for line in commands_of(block)]
    assert len([command for command in commands if command.startswith("python experiments/")]) >= 4
    assert "make quickstart" in commands
    known = ("make ", "python experiments/", "source .venv/bin/activate", "wandb sync ")
    assert [command for command in commands if command and not command.startswith(known)] == []


def test_the_readme_builds_a_model_of_both_channels() -> None:
    built: dict[str, Any] = {}
    for block in blocks_of(ROOT / "README.md"):
        if block.language == "python":
            exec(compile(block.body, "README.md", "exec"), built)
    assert built["model"].config.num_labels == 9
    assert built["model"].config.char_encoder == "gru"


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("python experiments/tables.py # all", "python experiments/tables.py recipe=smoke tracking=off # all"),
        (
            "python experiments/tables.py recipe=minilm seed=2",
            "python experiments/tables.py recipe=smoke seed=2 tracking=off",
        ),
        ("cat results/quick/tables/x.md", "cat results/smoke/tables/x.md"),
        ("make quickstart", "make --dry-run quickstart"),
        ("pip install notebook", ":"),
    ],
)
def test_a_command_is_run_in_its_smallest_form(line: str, form: str) -> None:
    assert in_smoke_form(line) == form


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_to_type_works(page: Path, folder: Path) -> None:
    assert run_blocks(page, folder) == blocks_of(page)
