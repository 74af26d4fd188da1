import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import Cell, render_markdown
from charbert.reporting.tables.paper import ABLATIONS, TABLE_SPECS, paper_table, table_records
from charbert.reporting.tables.published import TABLES

TABLE_2 = TABLE_SPECS["table2_robustness"]


def record(model: str, seed: int = 1, *, kind: str = "finetune", **metrics: float) -> ResultRecord:
    return ResultRecord(
        kind=kind,
        experiment="any",
        name=f"{model}-s{seed}",
        key=f"{model}-{sorted(metrics)}",
        settings={
            "model": {"name": model},
            "recipe": "quick",
            "data": {"name": "newswire"},
            "trunk": {"name": "tiny-bert"},
        },
        seed=seed,
        metrics={name.replace("__", "/"): score for name, score in metrics.items()},
    )


@pytest.fixture
def records() -> list[ResultRecord]:
    return [
        record("BERT", 1, eval__ner__f1=0.80, attack__ner__charbert__f1=0.50),
        record("BERT", 2, eval__ner__f1=0.82, attack__ner__charbert__f1=0.60),
        record("CharBERT", 1, eval__ner__f1=0.79, attack__ner__charbert__f1=0.70),
    ]


@pytest.mark.parametrize("spec", TABLE_SPECS.values(), ids=TABLE_SPECS)
def test_every_table_shows_the_papers_rows_and_scores_before_any_run(spec) -> None:
    table = paper_table(spec, [])
    assert spec.published in TABLES
    assert {row.label for row in table.rows} == set(spec.published.rows)
    assert set(spec.published.rows) <= set(spec.order)
    for row in table.rows:
        assert tuple(cell.published for cell in row.cells) == spec.published.rows[row.label]
    assert (table.caption, table.notes) == ("No runs yet.", ())
    assert len({column.heading for column in table.columns}) == len(table.columns)


def test_headings_say_task_metric_and_condition() -> None:
    headings = {
        stem: [column.heading for column in paper_table(spec, []).columns] for stem, spec in TABLE_SPECS.items()
    }
    assert headings == {
        "table1_qa_classification": [
            "SQuAD 1.1 EM",
            "SQuAD 1.1 F1",
            "SQuAD 2.0 EM",
            "SQuAD 2.0 F1",
            "CoLA Matthews",
            "MRPC acc.",
            "QQP acc.",
            "QNLI acc.",
        ],
        "table2_robustness": [
            "QNLI acc. original",
            "QNLI acc. attack",
            "NER F1 original",
            "NER F1 attack",
            "SQuAD 2.0 F1 original",
            "SQuAD 2.0 F1 attack",
        ],
        "table3_sequence_labeling": ["NER F1", "POS acc."],
        "table4_ablation": ["SQuAD 2.0 F1", "NER F1", "QNLI acc. original", "QNLI acc. attack"],
    }


def test_squad_scores_are_found_under_our_names() -> None:
    run = record("BERT", eval__squad2__best_f1=0.7, eval__squad2__best_exact=0.6, attack__squad2__charbert__best_f1=0.5)
    table = paper_table(TABLE_2, [run])
    assert table.cell("BERT", "SQuAD 2.0 F1 attack").scores == (50.0,)
    assert paper_table(TABLE_SPECS["table1_qa_classification"], [run]).cell("BERT", "SQuAD 2.0 EM").scores == (60.0,)
    assert "SQuAD 2.0: at the no-answer threshold best for the scored set (Sec. 3.6)." in table.notes


def test_the_authors_set_is_preferred_and_the_table_says_which_it_shows(records) -> None:
    plain = paper_table(TABLE_2, records)
    assert plain.cell("BERT", "NER F1 attack") == Cell(scores=(50.0, 60.0), published=60.79)
    assert plain.notes == ("NER F1 attacked with charbert: our generator, after the authors' rule (Sec. 4.5).",)
    released = record("BERT", 1, eval__ner__f1=0.8, attack__ner__released__f1=0.4)
    both = paper_table(TABLE_2, [*records[1:], released])
    assert both.cell("BERT", "NER F1 attack").scores == (40.0,)
    assert both.notes == ("NER F1 attacked with released: the authors' attacked set.",)


@pytest.mark.parametrize(
    ("probability", "rule"), [(1.0, "our generator, after the authors' rule"), (0.2, "a set of our own")]
)
def test_an_attack_with_changed_settings_is_not_called_the_authors_rule(records, probability, rule) -> None:
    for run in records:
        run.settings["attack"] = {"name": "charbert", "seed": 5, "probability": probability}
    assert paper_table(TABLE_2, records).notes[0].startswith(f"NER F1 attacked with charbert: {rule}")


def test_runs_under_another_attack_are_shown_with_its_name() -> None:
    table = paper_table(TABLE_2, [record("BERT", eval__ner__f1=0.8, attack__ner__ocr__f1=0.6)])
    assert "attack/ner/ocr/f1" in [column.metric for column in table.columns]
    assert table.notes == ("NER F1 attacked with ocr: a set of our own.",)


def test_rows_are_in_the_papers_order_and_pretraining_is_left_out(records) -> None:
    extra = [record("NLM-BERT", eval__ner__f1=0.5), record("Another", eval__ner__f1=0.5)]
    unseen = record("Unseen", kind="pretrain", eval__ner__f1=0.5)
    labels = [row.label for row in paper_table(TABLE_2, [*records, *extra, unseen]).rows]
    assert labels == ["BERT", "AdvBERT", "NLM-BERT", "BERT+WordRec", "CharBERT", "Another"]


def test_ablations_are_in_table_4_alone(records) -> None:
    runs = [*records, *(record(name, eval__ner__f1=0.7) for name in (*ABLATIONS, "BERT+WordRec"))]
    shown = {stem: {row.label for row in paper_table(spec, runs).rows} for stem, spec in TABLE_SPECS.items()}
    assert all(set(ABLATIONS).isdisjoint(labels) for stem, labels in shown.items() if stem != "table4_ablation")
    assert "BERT+WordRec" in shown["table2_robustness"] and "BERT+WordRec" not in shown["table3_sequence_labeling"]
    assert set(ABLATIONS) < shown["table4_ablation"] and "BERT+WordRec" not in shown["table4_ablation"]


def test_a_column_that_the_paper_lacks_is_shown_once_a_run_has_it(records) -> None:
    spec = TABLE_SPECS["table4_ablation"]
    assert "NER F1" in [column.heading for column in paper_table(spec, []).columns]
    table = paper_table(spec, records)
    headings = [column.heading for column in table.columns]
    assert headings[-1] == "NER F1 attack" and "NER F1 original" in headings
    assert table.cell("CharBERT", "NER F1 attack") == Cell((70.0,), None, is_best=True)
    assert table.cell("w/o GRU", "NER F1 original").published == 91.45


def test_answers_that_are_always_there_are_shown_under_attack_too() -> None:
    run = record("BERT", eval__squad1__f1=0.7, attack__squad1__charbert__f1=0.3)
    table = paper_table(TABLE_2, [run])
    assert table.cell("BERT", "SQuAD 1.1 F1 attack") == Cell((30.0,), None)
    assert "SQuAD 1.1 F1 attacked with charbert" in table.notes[0]


def test_a_run_of_another_task_makes_no_table(records) -> None:
    assert table_records(TABLE_SPECS["table1_qa_classification"], records) == []
    assert len(table_records(TABLE_SPECS["table3_sequence_labeling"], records)) == 3


def test_markdown_shows_the_papers_numbers_in_brackets() -> None:
    text = render_markdown(paper_table(TABLE_2, []))
    assert "| CharBERT | – [91.7] | – [80.1] | – [91.81] | – [76.14] | – [78.6] | – [56.3] |" in text
