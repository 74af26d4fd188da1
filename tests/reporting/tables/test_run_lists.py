from charbert.records import ResultRecord
from charbert.reporting.tables.paper import TABLE_SPECS, paper_table
from charbert.reporting.tables.run_lists import list_rows, list_runs

SPEC = TABLE_SPECS["table3_sequence_labeling"]


def record(model: str, seed: int, **wandb: str) -> ResultRecord:
    return ResultRecord(
        kind="finetune",
        experiment=SPEC.stem,
        name=f"ner-{model.lower()}-s{seed}",
        key=f"{model}{seed}",
        settings={"model": {"name": model}, "task": {"name": "ner"}, "recipe": "quick", "trunk": {"name": "tiny"}},
        seed=seed,
        metrics={"eval/ner/f1": 0.8 + seed / 100},
        **wandb,
    )


RUNS = [
    record("BERT", 1, wandb_id="aa", wandb_path="team/charbert/aa"),
    record("BERT", 2, wandb_id="bb", wandb_path="charbert/bb"),
    record("CharBERT", 1),
]


def test_a_row_lists_the_runs_behind_it() -> None:
    names, rows = list_rows(paper_table(SPEC, RUNS), RUNS)
    assert names == ["model", "NER F1", "POS acc.", "runs"]
    row_of = {row[0]: row for row in rows}
    assert row_of["BERT"] == ["BERT", "81.50 ± 0.71 [91.24]", "– [97.93]", "aa, bb"]
    assert row_of["CharBERT"][-1] == "ner-charbert-s1-CharBERT1"  # tracking was off
    assert row_of["Flair"][-1] == ""


def test_a_run_leads_to_its_page_where_it_has_one() -> None:
    names, rows = list_runs(paper_table(SPEC, RUNS), RUNS, "https://wandb.example/")
    assert names == ["model", "task", "seed", "fold", "NER F1", "POS acc.", "record", "wandb_id", "link"]
    assert rows[0] == [
        "BERT",
        "ner",
        1,
        0,
        81.0,
        None,
        "ner-bert-s1-BERT1",
        "aa",
        "https://wandb.example/team/charbert/runs/aa",
    ]
    assert [row[-1] for row in rows[1:]] == [None, None]
