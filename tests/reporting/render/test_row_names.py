import re
from pathlib import Path

import pytest

from charbert.reporting.render.layout import Cell, Column, Row, Table
from charbert.reporting.render.row_names import SHORT_NAMES, short_label, with_short_names


def table(*labels: str) -> Table:
    rows = tuple(Row(label, (Cell((1.0,)),)) for label in labels)
    return Table("A table", (Column("NER F1", "", "eval/ner/f1"),), rows, "Recipe quick.", ("A note.",))


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("CharBERT", "CharBERT"),
        ("CharBERT, dense noise", "CharBERT-D"),
        ("CharBERT, dense noise, shared interaction", "CharBERT-S"),
        ("CharBERT, trunk as teacher, dense noise, shared interaction, epochs 4", "CharBERT-TS, epochs 4"),
        ("CharBERT (pretrained), char", "CharBERT-P, char"),
        ("CharBERT-MiniLM+Context repair", "CharBERT-M+Context repair"),
        ("3 × CharBERT, trunk as teacher+AdvBERT, dense noise", "3 × CharBERT-T+AdvBERT-D"),
        ("CharBERT, dense noises", "CharBERT, dense noises"),
    ],
)
def test_the_longest_name_in_a_label_is_shortened(label: str, short: str) -> None:
    assert short_label(label) == short


def test_a_legend_explains_the_short_names_in_use() -> None:
    shown = with_short_names(table("BERT", "CharBERT, dense noise", "CharBERT, dense noise, 2 steps"))
    assert [row.label for row in shown.rows] == ["BERT", "CharBERT-D", "CharBERT-D, 2 steps"]
    assert shown.footnotes == ("A note.", "CharBERT-D: dense noise (model=charbert_dense).")


def test_a_table_without_long_names_stays_as_it_is() -> None:
    plain = table("BERT", "w/o GRU")
    assert with_short_names(plain) is plain


def test_short_names_are_unique() -> None:
    assert len({short.text for short in SHORT_NAMES.values()}) == len(SHORT_NAMES)


@pytest.mark.parametrize("name", sorted({*SHORT_NAMES} - {"CharBERT (pretrained)"}))  # whose encoder was replaced
def test_the_legend_names_the_model_that_bears_the_name(name: str) -> None:
    (stem,) = re.findall(r"model=(\w+)", SHORT_NAMES[name].meaning)
    config = (Path(__file__).parents[3] / f"conf/model/{stem}.yaml").read_text(encoding="utf-8")
    assert re.search(rf"name: {re.escape(name)}$", config, re.MULTILINE)
