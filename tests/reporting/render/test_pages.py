import re
from pathlib import Path

import pytest

from charbert.errors import RecordError
from charbert.reporting.render.layout import Cell, Column, Row, Table, write_table
from charbert.reporting.render.pages import filled, main
from charbert.reporting.render.sentence_numbers import MARK

ROOT = Path(__file__).parents[3]
PLACE = "before\n<!-- table tables/one.md -->\nold\n<!-- end -->\nafter\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/one.md").write_text("| new |\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(PLACE, encoding="utf-8")
    return tmp_path / "page.md"


def test_only_what_stands_in_a_place_is_replaced(page: Path) -> None:
    done = filled(page, page.parent)
    assert done.text == "before\n<!-- table tables/one.md -->\n| new |\n<!-- end -->\nafter\n"
    assert done.changes == [f"{page}:2: the table shows something else than tables/one.md"]
    page.write_text(done.text, encoding="utf-8")
    assert filled(page, page.parent) == (done.text, [], 1, 0)


def test_a_place_shows_the_part_of_a_table_that_it_asks_for(page: Path) -> None:
    table = Table("Two", (Column("F1", "", "f1"), Column("EM", "", "em")), (Row("BERT", (Cell((1.0,)), Cell())),), "")
    write_table(table, page.parent / "tables", "two")
    page.write_text("<!-- table tables/two.csv\ncolumns: F1\n-->\nold\n<!-- end -->\n", encoding="utf-8")
    text = filled(page, page.parent).text
    assert text.startswith("<!-- table tables/two.csv\ncolumns: F1\n-->\n| Model | F1 |\n")
    page.write_text(text, encoding="utf-8")
    assert filled(page, page.parent).text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n" + PLACE.replace("one.md", "one.md\ncolumns: F1\n"), r"page\.md:3: .*one\.md: expected the CSV file"),
        (PLACE.replace("one", "two"), r"page\.md:2: expected the table or record tables/two\.md"),
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


PAGE_WITH_NUMBERS = """\
It is 1.5<!--= two: BERT; F1 --> here.

<!-- numbers two tables/two.csv
columns: F1 = score
-->

- BERT scores 2<!--= BERT; score --> and **3.3 %**<!--= BERT; score; paper -->.
"""


@pytest.fixture
def page_with_numbers(page: Path) -> Path:
    table = Table("Two", (Column("F1", "", "f1"),), (Row("BERT", (Cell((1.25, 1.75), 3.0),)),), "")
    write_table(table, page.parent / "tables", "two")
    page.write_text(PAGE_WITH_NUMBERS, encoding="utf-8")
    return page


def test_numbers_in_sentences_are_filled_and_what_changed_is_told(
    page_with_numbers: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(page_with_numbers.parent)
    main(["page.md"])
    assert page_with_numbers.read_text(encoding="utf-8") == PAGE_WITH_NUMBERS.replace("3.3 %", "3.0 %")
    assert capsys.readouterr().out.splitlines() == [
        "page.md: 0 tables, 3 numbers in sentences",
        "page.md:7: the text says 3.3, the records give 3.0 (BERT; score; paper); changed, read it again",
    ]


def test_a_check_names_what_is_wrong_and_writes_nothing(
    page_with_numbers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(page_with_numbers.parent)
    with pytest.raises(SystemExit, match=r"^page\.md:7: the text says 3\.3, the records give 3\.0"):
        main(["--check", "page.md"])
    assert page_with_numbers.read_text(encoding="utf-8") == PAGE_WITH_NUMBERS
    main(["page.md"])
    main(["--check", "page.md"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BERT; F1 -->", "BERT -->", "page.md:1: expected 'rows; columns' behind a number, got 'two: BERT'"),
        ("1.5<!--= two: ", "1.5<!--= ", "page.md:1: expected a table above, or 'NAME: '"),
        ("1.5<!--", "one<!--", "page.md:1: expected a number right before <!--= two: BERT; F1 -->"),
        ("BERT; score -->", "Bert; score -->", "page.md:7: .*two.csv has no number for Bert; score"),
        ("score; paper", "score; folds", "page.md:7: .*two.csv has no number for BERT; score; folds"),
        ("score; paper", "score; best", "page.md:7: expected ±, paper, folds or nothing behind the column, got 'best'"),
        ("two tables/two.csv", "two tables/none.csv", "page.md:3: expected the table or record tables/none.csv"),
    ],
)
def test_a_number_that_no_file_has_is_refused(page_with_numbers: Path, old: str, new: str, message: str) -> None:
    page_with_numbers.write_text(PAGE_WITH_NUMBERS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        filled(page_with_numbers, page_with_numbers.parent)


def test_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"expected the page .*none\.md, found no such file"):
        filled(tmp_path / "none.md", tmp_path)


PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("models/*/README.md")]
    if re.search("^<!-- (table|numbers) ", path.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_the_project_show_what_its_records_give(name: str) -> None:
    assert filled(ROOT / name, ROOT).changes == []


def test_every_score_in_the_results_of_the_reproduction_is_checked() -> None:
    text = (ROOT / "docs/REPRODUCTION.md").read_text(encoding="utf-8")
    parts = dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])
    results = "".join(parts[name] for name in ("Abstract", "Results", "What replicates and what does not", "Limits"))
    sentences = MARK.sub("", re.sub(r"<!-- table .*?<!-- end -->", "", results, flags=re.DOTALL))
    assert re.findall(r"(?<!SQuAD )\b\d+\.\d+", sentences) == ["0.02"]  # a setting
