"""The leaderboard in headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from charbert.reporting.leaderboard.board import TaskScores, build_board
from charbert.reporting.leaderboard.page import render_leaderboard
from charbert.reporting.render.layout import Cell, Column, Row, Table
from tests.browser import Browser, started_browser

SCORES = {"BERT": (90.0, 40.0, 60.0), "CharBERT": (88.0, 70.0, 50.0), "BERT+Repair": (89.5, 65.0, 75.0)}
NAMES = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)"
HEADINGS = "[...document.querySelectorAll('thead th')].map(cell => cell.textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    tasks = []
    for task, title in (("ner", "NER F1"), ("qnli", "QNLI acc.")):
        columns = tuple(
            Column(title, name, f"{prefix}/{task}/m")
            for name, prefix in (("original", "eval"), ("attack", "attack"), ("OCR", "attack"))
        )
        shown = SCORES if task == "ner" else {"BERT": SCORES["BERT"]}
        rows = tuple(Row(label, tuple(Cell((score,)) for score in scores)) for label, scores in shown.items())
        tasks.append(TaskScores(task, Table(title, columns, rows, f"About {task}."), [], []))
    folder = tmp_path_factory.mktemp("leaderboard")
    (folder / "page.html").write_text(render_leaderboard(build_board(tasks)), encoding="utf-8")
    with started_browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.open((folder / "page.html").as_uri(), "document.querySelectorAll('tbody tr').length > 0")
        yield browser
        assert browser.errors == []


def sort_by(page: Browser, heading: str) -> list[str]:
    page.run(f"[...document.querySelectorAll('thead button')].find(b => b.textContent === '{heading}').click()")
    return page.run(NAMES)


def choose(page: Browser, field: str, value: str, event: str = "change") -> None:
    page.run(f"document.getElementById('{field}').value = '{value}'")
    page.run(f"document.getElementById('{field}').dispatchEvent(new Event('{event}'))")


def test_models_are_ordered_by_their_mean_under_noise_and_by_any_heading(page: Browser, tmp_path: Path) -> None:
    assert page.run(NAMES) == ["BERT+Repair", "CharBERT", "BERT"]
    assert page.run(HEADINGS)[:5] == ["Model", "Under noise", "original", "attack", "OCR"]
    assert sort_by(page, "original") == ["BERT", "BERT+Repair", "CharBERT"]
    assert sort_by(page, "original") == ["CharBERT", "BERT+Repair", "BERT"]
    assert page.run("document.querySelector('th[aria-sort]').ariaSort") == "ascending"
    assert sort_by(page, "Under noise") == ["BERT+Repair", "CharBERT", "BERT"]
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_filters_choose_models_tasks_and_drops(page: Browser) -> None:
    choose(page, "filter", "char", "input")
    assert page.run(NAMES) == ["CharBERT"]
    choose(page, "filter", "", "input")
    choose(page, "show", "drop")
    assert sort_by(page, "attack") == ["CharBERT", "BERT+Repair", "BERT"]  # the smallest drop first
    assert page.run("document.querySelector('tbody tr').cells[3].textContent") == "18.00"
    choose(page, "show", "score")
    choose(page, "board", "1")
    assert page.run(NAMES) == ["BERT"]
    assert page.run("document.getElementById('about').textContent") == "About qnli."
    choose(page, "board", "0")
