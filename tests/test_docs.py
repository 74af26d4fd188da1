"""What the README and the guide tell a user to type works; recipes are swapped for the smallest one.

The blocks of a page run in their order in one folder that looks like a checkout. A block marked ``notest`` is left out;
its experiments, of hours or days or run by another test, are composed as written and their settings checked.
"""

import contextlib
import glob
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from omegaconf import OmegaConf

from tests.composition import compose_settings
from tests.in_process import run_script

pytestmark = pytest.mark.timeout(900)  # seconds; whole pages, searches and runs
ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("models/*/README.md"))]
CHECKOUT = (
    *("charbert", "conf", "experiments", "models", "notebooks"),
    *("Makefile", "pyproject.toml", "requirements.lock", "requirements-minilm.txt"),
)
LEFT_OUT = ("source .venv/bin/activate", "wandb sync ", "wandb agent ", "pip install ")
"""Commands that are about the user's machine or account."""
PRETRAINING = ("README.md", "scaling.md")
"""Pages that begin with it."""

FEW_STEPS = "trunk.pretraining.max_steps=4 pretraining.max_steps=4 finetuning.max_steps=6"
"""For a recipe that is no generated newswire."""


class Block(NamedTuple):
    """One block of code of a page."""

    language: str
    mark: str
    body: str


def blocks_of(page: Path) -> list[Block]:
    blocks = [Block(*block) for block in BLOCK.findall(page.read_text(encoding="utf-8"))]
    return [block for block in blocks if block.language in ("bash", "python") and "notest" not in block.mark]


def commands_of(block: Block) -> list[str]:
    """Return a block's lines, those that a backslash continues joined."""
    return block.body.replace("\\\n", " ").splitlines() if block.language == "bash" else []


def composed_experiments(page: Path) -> list[str]:
    """Return the experiments of a page that are not run here, but those that read a file of another run."""
    blocks = [Block(*block) for block in BLOCK.findall(page.read_text(encoding="utf-8"))]
    lines = [line for block in blocks if "notest" in block.mark for line in commands_of(block)]
    return [line for line in lines if line.startswith("python experiments/") and "--config-dir" not in line]


def runs_of(command: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the configuration and overrides of runs of a command that try each value of its sweep and its file's."""
    _, script, *options = shlex.split(command, comments=True)
    stem = Path(script).stem
    swept = OmegaConf.select(OmegaConf.load(ROOT / "conf" / f"{stem}.yaml"), "hydra.sweeper.params") or {}
    given = dict(option.split("=", 1) for option in options if "=" in option and not option.startswith("hydra"))
    choices = [
        [f"{name}={value}" for value in ([text] if text[:1] in "[{'\"(" else str(text).split(","))]
        for name, text in {**swept, **given}.items()
    ]
    for values in itertools.zip_longest(*choices):
        yield stem, [value or first[0] for value, first in zip(values, choices, strict=True)]


def in_smoke_form(text: str) -> str:
    """Return a command or code on the smallest recipe, a command of an experiment without tracking."""
    text = re.sub(r"\b(outputs|results)/(quick|minilm|paper)\b", r"\1/smoke", text)
    text = re.sub(r"\brecipe=(quick|minilm|paper)\b", "recipe=smoke", text)
    text = re.sub(r"\bsearch\.trials=\d+\b", "search.trials=2", text)
    text = re.sub(r"\brecipe=turkish\b", f"recipe=turkish {FEW_STEPS}", text)
    if text.startswith("make "):
        return text.replace("make ", "make --dry-run ", 1)
    if text.startswith(LEFT_OUT):
        return ":"
    if text.startswith("python experiments/"):
        command, comment = re.fullmatch(r"(.*?)((?: #.*)?)", text).groups()
        wanted = ["recipe=smoke", "tracking=off"]
        if command.startswith("python experiments/compress.py"):
            wanted.append("'compression.variants=[original,onnx_int8]'")
        added = [option for option in wanted if option.split("=")[0] + "=" not in command]
        return " ".join([command.rstrip(), *added]) + comment
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place that looks like a checkout, where what the commands of a page write stays apart."""
    for name in CHECKOUT:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def used_folder(folder: Path, pretrained_folder: Callable[[], Path]) -> Path:
    """The same, where the trunk and the encoder were pretrained before."""
    for name in ("outputs", "results"):
        (folder / name).mkdir()
        (pretrained_folder() / name).rename(folder / name / "smoke")
    return folder


def run_commands(block: Block, folder: Path) -> None:
    """Run the commands of a block in their order: experiments in this process, what needs a shell in bash."""
    commands = [in_smoke_form(line) for line in commands_of(block)]
    for in_process, group in itertools.groupby(commands, key=runs_in_process):
        if not in_process:
            run_bash("\n".join(group), folder)
            continue
        for command in group:
            done = run_script(*expanded(command), cwd=folder)
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"


def runs_in_process(command: str) -> bool:
    """Return whether a command is one of ours that asks nothing of the shell but to list the files of a pattern."""
    ours = command.startswith(("python experiments/", "python -m charbert "))
    return ours and not set(command.partition(" #")[0]) & set("?$|<>&;`{") and " serve " not in command


def expanded(command: str) -> list[str]:
    """Return the words of a command behind ``python``, files in the place of patterns."""
    words = shlex.split(command, comments=True)[1:]
    return [found for word in words for found in (sorted(glob.glob(word)) if "*" in word else [word])]


def run_bash(script: str, folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
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
                run_commands(block, folder)
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
        (
            "python experiments/search.py search.trials=8",
            "python experiments/search.py search.trials=2 recipe=smoke tracking=off",
        ),
        ("cat results/quick/tables/x.md", "cat results/smoke/tables/x.md"),
        ("make quickstart", "make --dry-run quickstart"),
        ("pip install notebook", ":"),
    ],
)
def test_a_command_is_run_in_its_smallest_form(line: str, form: str) -> None:
    assert in_smoke_form(line) == form


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_experiment_of_a_page_has_settings_that_pass(page: Path) -> None:
    for command in composed_experiments(page):
        for stem, overrides in runs_of(command):
            assert compose_settings(stem, *overrides).experiment == stem


def test_a_command_is_spelt_out_with_what_its_file_sweeps() -> None:
    runs = list(runs_of("python experiments/table3_sequence_labeling.py recipe=minilm model=bert seed=1,2  # tables"))
    assert len(runs) == 2
    assert runs[0] == ("table3_sequence_labeling", ["model=bert", "task=ner", "recipe=minilm", "seed=1"])
    assert runs[1] == ("table3_sequence_labeling", ["model=bert", "task=pos", "recipe=minilm", "seed=2"])


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_to_type_works(page: Path, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue("folder" if page.name in PRETRAINING else "used_folder")
    assert run_blocks(page, folder) == blocks_of(page)
