from pathlib import Path

from charbert.reporting.figures.summary import ROWS, TABLE_GROUPS, draw_summary, render_summary, summary_table
from charbert.reporting.render.layout import Cell, Column, Row, Table

ROOT = Path(__file__).parents[3]
COLUMNS = tuple(
    Column(group, name, f"{group}/{name}")
    for group in ("QNLI acc.", "NER F1", "SQuAD 2.0 F1")
    for name in ("original", "attack")
)


def full_table() -> Table:
    def row(label: str, *scores: tuple[float, ...]) -> Row:
        return Row(label, tuple(Cell(each, published=1.0, mark="*", fold_std=2.0) for each in scores))

    rows = (
        row("CharBERT, trunk as teacher", (81.0,), (61.0,), (88.0, 89.0, 90.0), (50.0, 52.0), (1.0,), (2.0,)),
        row("BERT", (80.0,), (60.0,), (), (), (3.0,), (4.0,)),
        row("NLM-BERT", (80.0,), (60.0,), (70.0,), (30.0,), (3.0,), (4.0,)),
        row("CharBERT", (), (), (), (), (5.0,), (6.0,)),
    )
    notes = (
        "* differs from BERT.",
        "Marked in the whole table: 1 of 2 tests.",
        "QNLI acc., SQuAD 2.0 F1 attacked with us.",
        "SQuAD 2.0: at the threshold.",
        "Changed words: QNLI acc. 52.7 %, SQuAD 2.0 F1 12.4 %, NER F1 49.8 %, SQuAD 2.0 F1 52.4 %.",
        "Of all sets.",
    )
    return Table("Table 2", COLUMNS, rows, "Recipe r.", notes)


def test_a_summary_has_its_rows_and_columns_in_its_own_order_under_short_names() -> None:
    table = summary_table(full_table(), TABLE_GROUPS)
    assert [row.label for row in table.rows] == ["BERT", "CharBERT-T"]  # CharBERT has no score that is shown
    assert [column.heading for column in table.columns][:2] == ["NER F1 original", "NER F1 attack"]
    assert table.cell("CharBERT-T", "QNLI acc. attack").mean == 61.0


def test_notes_on_what_is_not_shown_are_left_out() -> None:
    table = summary_table(full_table(), TABLE_GROUPS)
    changed = "Changed words: QNLI acc. 52.7 %, NER F1 49.8 %."
    assert table.notes == ("QNLI acc. attacked with us.", changed, "Of all sets.")


def test_a_cell_is_one_number_with_a_deviation_from_three_seeds_on() -> None:
    text = render_summary(summary_table(full_table(), TABLE_GROUPS))
    assert "| BERT | – | – | 80.0 | 60.0 |" in text
    assert "| CharBERT-T | 89.0 ± 1.0 | 51.0 | 81.0 | 61.0 |" in text
    assert "Without ±: fewer than 3 seeds." in text


def test_a_table_without_any_of_the_rows_leaves_no_files(tmp_path: Path) -> None:
    table = full_table()
    draw_summary(Table(table.title, table.columns, table.rows[2:3], table.caption), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_table_and_a_figure_are_written(tmp_path: Path) -> None:
    draw_summary(full_table(), tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["summary.md", "summary.png", "summary.svg"]


def test_every_row_of_the_summary_has_runs_in_the_committed_results() -> None:
    text = (ROOT / "results/minilm/tables/summary.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("|")]
    assert rows[2:] == list(ROWS)
