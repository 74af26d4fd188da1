from collections.abc import Iterator
from pathlib import Path

import pytest

from charbert.records import ResultRecord
from charbert.reporting.leaderboard.board import TaskScores, build_board, render_leaderboard
from charbert.reporting.render.layout import Cell, Column, Row, Table
from tests.browser import Browser, started_browser

COLUMNS = (
    Column("NER F1", "original", "eval/ner/f1"),
    Column("NER F1", "attack", "attack/ner/charbert/f1"),
    Column("NER F1", "OCR", "attack/ner/ocr/f1"),
)


def finetuned(model: str, seconds: float, *, processor: str = "a processor", finished: str = "") -> ResultRecord:
    record = ResultRecord("finetune", "e", f"ner-{model}", "k", {"model": {"name": model}}, 1)
    record.details, record.hardware = {"parameters": {"total": 22_000_000}}, {"cpu": processor}
    record.wall_seconds, record.finished = seconds, finished
    return record


def board(*rows: Row) -> dict:
    table = Table("t", COLUMNS, rows, "Recipe quick.", ("A note.",))
    return build_board([TaskScores("ner", table, [], [finetuned("BERT", 90), finetuned("BERT", 150)])])


def test_an_entry_has_scores_the_mean_under_noise_and_the_cost() -> None:
    made = board(Row("BERT", (Cell((90.0, 91.0)), Cell((40.0,)), Cell((60.0,)))))
    assert made["boards"] == [
        {
            "title": "NER F1",
            "task": "ner",
            "sets": ["original", "attack", "OCR"],
            "clean": ["original"],
            "about": "Recipe quick. A note.",
        }
    ]
    (entry,) = made["models"]
    assert entry["scores"]["NER F1"]["original"] == {"mean": 90.5, "std": 0.71, "seeds": 2}
    assert entry["under_noise"] == {"NER F1": 50.0}
    assert entry["training"]["ner"]["parameters"] == 22_000_000
    assert entry["training"]["ner"]["minutes"] == 2.0
    assert entry["training"]["ner"]["records"] == ["ner-BERT-k"]


def test_a_metric_without_scores_under_noise_has_no_board() -> None:
    columns = (*COLUMNS, Column("NER recall", "original", "eval/ner/recall"))
    row = Row("BERT", (Cell((90.0,)), Cell((40.0,)), Cell((60.0,)), Cell((80.0,))))
    made = build_board([TaskScores("ner", Table("t", columns, (row,), "c"), [], [])])
    assert [own["title"] for own in made["boards"]] == ["NER F1"]
    assert list(made["models"][0]["scores"]) == ["NER F1"]


def test_minutes_are_those_of_the_processor_that_is_named() -> None:
    runs = [finetuned("BERT", 60, processor="a slow one", finished="2026-01-01")]
    runs += [finetuned("BERT", seconds, processor="a fast one", finished="2026-01-02") for seconds in (6, 12)]
    table = Table("t", COLUMNS, (Row("BERT", (Cell((90.0,)), Cell((40.0,)), Cell((60.0,)))),), "c")
    (entry,) = build_board([TaskScores("ner", table, [], runs)])["models"]
    assert (entry["training"]["ner"]["processor"], entry["training"]["ner"]["minutes"]) == ("a fast one", 0.1)


def test_notes_on_what_the_page_does_not_show_are_left_out() -> None:
    notes = (
        "A note.",
        "* differs from BERT.",
        "Marked in the whole table: 1.",
        "Mean rank: a place.",
        "Mean drop: points.",
    )
    table = Table("t", COLUMNS, (), "Recipe quick.", notes)
    (made,) = build_board([TaskScores("ner", table, [], [])])["boards"]
    assert made["about"] == "Recipe quick. A note."


def test_a_model_without_a_score_on_some_noise_has_no_mean_under_noise() -> None:
    made = board(Row("BERT", (Cell((90.0,)), Cell((40.0,)), Cell())), Row("CharBERT", (Cell(), Cell(), Cell())))
    (entry,) = made["models"]  # a row without scores is no entry
    assert entry["under_noise"] == {}
    assert set(entry["scores"]["NER F1"]) == {"original", "attack"}


def test_names_are_short_and_what_they_mean_is_kept() -> None:
    made = board(Row("CharBERT-MiniLM", (Cell((90.0,)), Cell((40.0,)), Cell((50.0,)))))
    (entry,) = made["models"]
    assert (entry["name"], entry["model"]) == ("CharBERT-M", "CharBERT-MiniLM")
    assert "models/charbert-minilm" in entry["about"]


def test_no_name_can_end_the_script_of_the_page() -> None:
    page = render_leaderboard(board(Row("</script><b>", (Cell((90.0,)), Cell((40.0,)), Cell((50.0,))))))
    assert page.count("</script>") == 1
    assert "src=" not in page and "http" not in page


SCORES = {
    "BERT": (90.0, 40.0, 60.0, 95.0, 80.0),
    "CharBERT": (88.0, 70.0, 50.0, 96.0, 90.0),
    "BERT+Repair": (89.5, 65.0, 75.0, 95.0, 85.0),
}
NAMES = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[0].textContent)"
HEADINGS = "[...document.querySelectorAll('thead th')].map(cell => cell.textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    tasks = []
    for task, title in (("ner", "NER F1"), ("qnli", "QNLI acc.")):
        columns = tuple(
            Column(title, name, f"{prefix}/{task}/m")
            for name, prefix in (
                ("original", "eval"),
                ("attack", "attack"),
                ("OCR", "attack"),
                ("original, dev set", "dev"),
                ("typos", "attack"),
            )
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
    # (18 + 38 + 6) / 3: typos are in a copy of the dev set
    assert page.run("document.querySelector('tbody tr').cells[1].textContent") == "20.67"
    choose(page, "show", "score")
    choose(page, "board", "1")
    assert page.run(NAMES) == ["BERT"]
    assert page.run("document.getElementById('about').textContent") == "About qnli."
    choose(page, "board", "0")
