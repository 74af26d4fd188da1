from charbert.reporting.render.layout import Cell, Column, Row, Table, render_text

TABLE = Table(
    "Table 2",
    (Column("NER F1", "original", "a"), Column("QNLI acc.", "original", "b"), Column("NER F1", "attack", "c")),
    (
        Row("BERT", (Cell((50.0,), 91.2), Cell((), 90.7), Cell((24.25,), 60.8))),
        Row("AdvBERT", (Cell((), 90.68), Cell((), 90.8), Cell((), 71.47))),
        Row("CharBERT", (Cell((86.0,), 91.8), Cell((), 91.7), Cell())),
    ),
    "Recipe quick.",
    ("A note.",),
)


def test_a_terminal_gets_the_rows_and_columns_that_have_runs_aligned() -> None:
    assert render_text(TABLE).splitlines() == [
        "Table 2",
        "          NER F1 original  NER F1 attack",
        "BERT      50.00 [91.2]     24.25 [60.8]",
        "CharBERT  86.00 [91.8]     –",
        "Recipe quick. In brackets: the paper.",
        "A note.",
    ]
