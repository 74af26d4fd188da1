import xml.etree.ElementTree as ElementTree

import pytest

from charbert.reporting.figures.attack_drop import attack_drop_bars, attack_drops
from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.tables.paper import TABLE_SPECS, paper_table

COLUMNS = tuple(
    Column(group, condition, f"{condition}/{group}")
    for group in ("QNLI acc.", "NER F1")
    for condition in ("original", "attack")
)


def table(*rows: Row) -> Table:
    return Table("Table 2", COLUMNS, rows, "Recipe quick.", ("QNLI acc. attacked with ours.", "* another note."))


def texts(path) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]


def test_the_paper_says_that_bert_loses_over_30_percent_and_charbert_12() -> None:
    drops = attack_drops(paper_table(TABLE_SPECS["table2_robustness"], []))["QNLI acc."]
    assert drops["BERT"].published == pytest.approx(30.1, abs=0.05)
    assert drops["CharBERT"].published == pytest.approx(12.6, abs=0.05)


def test_each_seed_loses_its_own_share_and_only_tasks_that_were_run_are_shown() -> None:
    drops = attack_drops(table(Row("BERT", (Cell((80.0, 90.0), 90.7), Cell((40.0, 63.0), 63.4), Cell(), Cell()))))
    assert list(drops) == ["QNLI acc."]
    assert drops["QNLI acc."]["BERT"].scores == pytest.approx((50.0, 30.0))


def test_a_loss_needs_the_original_and_the_attacked_score() -> None:
    drops = attack_drops(table(Row("BERT", (Cell((80.0,)), Cell(), Cell((0.0,)), Cell((0.0,))))))
    assert drops == {"QNLI acc.": {}, "NER F1": {}}


def test_bars_are_written_twice_with_the_same_bytes(tmp_path) -> None:
    rows = table(
        Row("BERT", (Cell((80.0, 90.0), 90.7), Cell((40.0, 63.0), 63.4), Cell(), Cell())),
        Row("CharBERT", (Cell((80.0,), 91.7), Cell((70.0,), 80.1), Cell(), Cell())),
    )
    png, svg = attack_drop_bars(rows, tmp_path / "a", "drop")
    assert png.read_bytes().startswith(b"\x89PNG")
    written = texts(svg)
    assert {"QNLI acc.", "BERT", "CharBERT", "40.0", "12.5", "ours", "paper"} <= set(written)
    assert "Recipe quick. QNLI acc. attacked with ours." in " ".join(written)
    assert [p.read_bytes() for p in attack_drop_bars(rows, tmp_path / "b", "drop")] == [
        png.read_bytes(),
        svg.read_bytes(),
    ]


def test_the_axis_reaches_to_the_largest_loss_of_all_tasks(tmp_path) -> None:
    rows = table(Row("BERT", (Cell((80.0,)), Cell((72.0,)), Cell((80.0,)), Cell((20.0,)))))
    written = texts(attack_drop_bars(rows, tmp_path, "drop")[1])
    assert max(int(text) for text in written if text.isdigit()) >= 70  # 75.0 in the second task, 10.0 in the first
