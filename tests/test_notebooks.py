"""Every notebook runs from top to bottom, on what it makes itself, and is committed without outputs."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import pytest

from tests.in_process import run_script

pytestmark = pytest.mark.timeout(900)  # seconds; whole pages, searches and runs
FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SAVE_FIGURES = """
import pathlib
import matplotlib.pyplot
for number in matplotlib.pyplot.get_fignums():
    matplotlib.pyplot.figure(number).savefig(pathlib.Path({folder!r}) / f"{{number}}.png")
"""


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def source_of(notebook: dict[str, Any]) -> str:
    return "\n\n".join("".join(run["source"]) for run in notebook["cells"] if run["cell_type"] == "code")


def test_the_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_model_in_ten_minutes", "02_read_records", "03_a_word_under_noise"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs_and_says_nothing_of_a_machine(path: Path) -> None:
    notebook = read(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    for run in notebook["cells"]:
        assert not run.get("outputs")
        assert run.get("execution_count") is None
        assert run["metadata"] == {}
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert len({run["id"] for run in notebook["cells"]}) == len(notebook["cells"])
    assert not re.search(r"(?<![\w.}])/(home|root|work|Users|tmp|mnt)/|[A-Z]:\\\\", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_explains_each_step_before_it_takes_it(path: Path) -> None:
    kinds = [run["cell_type"] for run in read(path)["cells"]]
    assert kinds[0] == "markdown"
    assert kinds.count("markdown") >= 5


def test_the_records_of_this_repository_can_be_read(tmp_path: Path) -> None:
    script = tmp_path / "read_records.py"
    script.write_text(source_of(read(FOLDER / "02_read_records.ipynb")), encoding="utf-8")
    with matplotlib.rc_context():
        done = run_script(script, cwd=FOLDER)
    assert not done.returncode
    assert "ner-charbert-s1" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    # without a recipe's results it makes small ones of its own
    code = re.sub(r'^recipe = ".*?"', 'recipe = "none"', source_of(read(path)), flags=re.MULTILINE)
    script = tmp_path / f"{path.stem}.py"
    script.write_text(code + SAVE_FIGURES.format(folder=str(tmp_path)), encoding="utf-8")
    run_python("-W", "error::UserWarning:matplotlib", str(script), cwd=FOLDER, timeout=600, MPLBACKEND="Agg")
    figures = list(tmp_path.glob("*.png"))
    assert len(figures) >= 2
    assert all(figure.stat().st_size > 5_000 for figure in figures)
