from pathlib import Path

import pytest

from charbert.errors import RecordError
from charbert.reporting.render.layout import Cell, Column, Row, Table, write_table
from charbert.reporting.render.pages import filled, main

ROOT = Path(__file__).parents[3]
PLACE = "before\n<!-- table tables/one.md -->\nold\n<!-- end -->\nafter\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/one.md").write_text("| new |\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(PLACE, encoding="utf-8")
    return tmp_path / "page.md"


def test_only_what_stands_in_a_place_is_replaced(page: Path) -> None:
    text = filled(page, page.parent)
    assert text == "before\n<!-- table tables/one.md -->\n| new |\n<!-- end -->\nafter\n"
    page.write_text(text, encoding="utf-8")
    assert filled(page, page.parent) == text


def test_a_place_shows_the_part_of_a_table_that_it_asks_for(page: Path) -> None:
    table = Table("Two", (Column("F1", "", "f1"), Column("EM", "", "em")), (Row("BERT", (Cell((1.0,)), Cell())),), "")
    write_table(table, page.parent / "tables", "two")
    page.write_text("<!-- table tables/two.csv\ncolumns: F1\n-->\nold\n<!-- end -->\n", encoding="utf-8")
    text = filled(page, page.parent)
    assert text.startswith("<!-- table tables/two.csv\ncolumns: F1\n-->\n| Model | F1 |\n")
    page.write_text(text, encoding="utf-8")
    assert filled(page, page.parent) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n" + PLACE.replace("one.md", "one.md\ncolumns: F1\n"), r"page\.md:3: .*one\.md: expected the CSV file"),
        (PLACE.replace("one", "two"), r"page\.md:2: expected the table tables/two\.md"),
        (PLACE.replace("<!-- end -->\n", ""), "add the missing one"),
    ],
)
def test_a_page_that_cannot_be_filled_is_left_as_it_is(
    page: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.write_text(text, encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        filled(page, page.parent)
    monkeypatch.chdir(page.parent)
    with pytest.raises(SystemExit, match=message):
        main(["page.md"])
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["README.md", "docs/REPRODUCTION.md", "models/charbert-minilm/README.md"])
def test_the_pages_of_the_project_show_the_tables_of_its_records(name: str) -> None:
    page = ROOT / name
    assert "<!-- table " in page.read_text(encoding="utf-8")
    assert filled(page, ROOT) == page.read_text(encoding="utf-8")
