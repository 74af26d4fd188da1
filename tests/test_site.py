"""The documentation site: it has every page and every public class, and refuses links that lead nowhere."""

import importlib
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import yaml

from charbert.reporting.render.row_names import short_label

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
API_ENTRY = re.compile(r"^\.\. auto(class|function|exception):: (\S+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([\w/]+\.md)\)")


def api_entries() -> list[tuple[str, str]]:
    return [entry for page in sorted(DOCS.glob("api/*.md")) for entry in API_ENTRY.findall(page.read_text())]


def object_of(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("kind", "path"), api_entries(), ids=lambda value: value)
def test_every_entry_of_the_api_reference_can_be_imported_and_is_documented(kind: str, path: str) -> None:
    documented = object_of(path)
    assert isinstance(documented, type) == (kind != "function")
    assert documented.__doc__


def test_the_api_reference_has_all_that_the_model_package_exports() -> None:
    exported = {f"charbert.model.{name}" for name in importlib.import_module("charbert.model").__all__}
    assert exported <= {path for _, path in api_entries()}


@pytest.mark.parametrize("index", [DOCS / "index.md", DOCS / "api/index.md"], ids=["docs", "api"])
def test_an_index_links_to_each_of_its_pages_once(index: Path) -> None:
    linked = LINK.findall(index.read_text(encoding="utf-8"))
    pages = [page for page in index.parent.glob("*.md") if page != index]
    nested = [page for page in index.parent.glob("*/index.md")]
    assert sorted(linked) == sorted(str(page.relative_to(index.parent)) for page in (*pages, *nested))


def build(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    """Build a site of one page behind an index, as ``make docs`` builds ours."""
    pytest.importorskip("sphinx")
    source = folder / "docs"
    source.mkdir()
    (source / "conf.py").write_text((DOCS / "conf.py").read_text())
    (source / "index.md").write_text("# Site\n\n## Start\n\n[the page](page.md)\n")
    (source / "page.md").write_text(page)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-E", "-q", str(source), str(folder / "site")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_page_is_built_with_its_docstrings_and_its_place_in_the_navigation(tmp_path: Path) -> None:
    body = (
        "# Edits\n\n[A file](../charbert/errors.py)\n\n```{eval-rst}\n.. autoclass:: charbert.noise.edits.Edit\n```\n"
    )
    done = build(tmp_path, body)
    assert done.returncode == 0, done.stderr
    index, page = ((tmp_path / f"site/{name}.html").read_text() for name in ("index", "page"))
    assert re.search(r'caption-text">Start</span>.*?href="page\.html">Edits</a>', index, re.DOTALL)
    assert "charbert.noise.edits." in page
    assert 'A file (<code class="docutils literal notranslate"><span class="pre">charbert/errors.py</span>' in page


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("# Page\n\n[nowhere](nowhere.md)\n", "nowhere.md"),
        ("# Page\n\n[nowhere](#nowhere)\n", "nowhere"),
        ("# Page\n\n```{eval-rst}\n.. autoclass:: charbert.Nothing\n```\n", "Nothing"),
    ],
    ids=["page", "heading", "class"],
)
def test_what_leads_nowhere_fails_the_build(tmp_path: Path, page: str, complaint: str) -> None:
    done = build(tmp_path, page)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_the_page_of_models_has_every_choice_under_its_short_label() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `([\w/]+)` \|", (DOCS / "models.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {choice.rpartition("/")[2]: name for name, choice in rows}
    choices: dict[str, str] = {}
    for path in (ROOT / "conf/model").rglob("*.yaml"):
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        choices[path.stem] = short_label(settings.get("name") or settings["model"]["name"])
    assert shown == choices
    assert len(rows) == len(choices)


def test_the_picture_of_the_model_is_what_its_script_draws(tmp_path: Path) -> None:
    script = runpy.run_path(str(DOCS / "images/draw_model.py"))
    script["draw"]().savefig(tmp_path / "model.png")
    drawn, committed = (matplotlib.image.imread(path) for path in (tmp_path / "model.png", DOCS / "images/model.png"))
    assert drawn.shape == committed.shape
    assert np.abs(drawn - committed).mean() < 0.005


def test_the_citation_names_this_version_and_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"] and citation["title"] and citation["authors"]
    assert (str(citation["version"]), citation["license"]) == (project["version"], project["license"])
    (paper,) = citation["references"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert paper["title"].partition(": ")[2] in readme
    names = [f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]]
    assert f"{{{' and '.join(names)}}}" in readme


def test_the_readme_is_short_and_its_table_small() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 170
    place = lines.index("<!-- table results/minilm/tables/summary.md -->")
    rows = [line for line in lines[place:] if line.startswith("|")]
    table = rows[: next(at for at, line in enumerate(lines[place + 1 :]) if not line.startswith("|"))]
    assert 3 < len(table) <= 2 + 8
    assert {line.count("|") - 1 for line in table} <= set(range(2, 7))
