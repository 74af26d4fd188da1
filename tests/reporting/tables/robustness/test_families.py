import pytest

from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown
from charbert.reporting.tables.robustness.families import robustness_columns, robustness_table


def record(model: str, task: str, metric: str, clean_of: dict[str, str], **metrics: float) -> ResultRecord:
    settings = {"model": {"name": model}, "recipe": "quick", "data": {"name": "d"}}
    settings["task"] = {"name": task, "metric": metric}
    named = {name.replace("__", "/"): value for name, value in metrics.items()}
    return ResultRecord("analysis", "e", model, model, settings, 1, named, {"clean_of": clean_of})


def test_of_two_copies_after_the_authors_rule_theirs_is_shown() -> None:
    clean_of = dict.fromkeys(("clean", "charbert", "released", "two_edits"), "clean")
    one = record("BERT", "ner", "f1", clean_of, attack__ner__released__f1=0.5, attack__ner__charbert__f1=0.4)
    assert [column.metric for column in robustness_columns([one])] == [
        "eval/ner/f1",
        "attack/ner/released/f1",
        "attack/ner/two_edits/f1",
    ]


def test_copies_of_the_dev_set_are_right_of_it() -> None:
    clean_of = {"clean": "clean", "charbert": "clean", "dev": "dev", "typos": "dev", "ocr": "clean"}
    columns = robustness_columns([record("BERT", "ner", "f1", clean_of)])
    assert [column.name for column in columns] == ["original", "attack", "OCR", "original, dev set", "typos"]
    one = record(
        "BERT", "ner", "f1", clean_of, eval__ner__f1=0.8, attack__ner__charbert__f1=0.5, attack__ner__ocr__f1=0.7
    )
    one.metrics |= {"dev/ner/f1": 0.9, "attack/ner/typos/f1": 0.8}
    summarized = robustness_table([one])
    assert summarized.cell("BERT", "NER F1 original, dev set").mean == pytest.approx(90)
    assert "Copies of the dev set: typos." in summarized.notes
    assert summarized.cell("BERT", "NER F1 mean drop").mean == pytest.approx(100 * (0.3 + 0.1 + 0.1) / 3)


def test_the_mean_drop_of_one_entity_type_is_of_its_own_scores() -> None:
    clean_of = {"clean": "clean", "charbert": "clean"}
    one = record("BERT", "ner", "PER/f1", clean_of, eval__ner__PER__f1=0.9, attack__ner__charbert__PER__f1=0.4)
    one.metrics |= {"eval/ner/f1": 0.8, "attack/ner/charbert/f1": 0.7}
    table = robustness_table([one])
    drops = [table.cell("BERT", column.heading).mean for column in table.columns if column.name == "mean drop"]
    assert drops == [pytest.approx(50)]


def test_models_have_their_mean_rank_and_equal_scores_share_one() -> None:
    clean_of = {"clean": "clean", "charbert": "clean", "ocr": "clean"}
    scores = {"BERT": (0.5, 0.7), "CharBERT": (0.6, 0.7), "AdvBERT": (0.4, 0.2)}
    records = [
        record(name, "ner", "f1", clean_of, attack__ner__charbert__f1=attack, attack__ner__ocr__f1=ocr)
        for name, (attack, ocr) in scores.items()
    ]
    incomplete = record("NLM-BERT", "ner", "f1", clean_of, attack__ner__ocr__f1=0.9)
    table = robustness_table([*records, incomplete])
    ranks = {row.label: table.cell(row.label, "mean rank") for row in table.rows}
    assert {name: rank.scores for name, rank in ranks.items()} == {
        "BERT": (1.75,),
        "AdvBERT": (3.0,),
        "CharBERT": (1.25,),
        "NLM-BERT": (),
    }
    assert [name for name, rank in ranks.items() if rank.is_best] == ["CharBERT"]
    assert "1.25 (n=1)" not in render_markdown(table)


def test_two_labels_have_their_area_and_balanced_accuracy_too_and_more_labels_do_not() -> None:
    clean_of = {"clean": "clean", "charbert": "clean"}
    two = record("BERT", "qnli", "accuracy", clean_of, eval__qnli__f1=0.5, eval__qnli__roc_auc=0.8)
    more = record("BERT", "mnli", "accuracy", clean_of, eval__mnli__macro_f1=0.5)
    groups = {column.group for column in robustness_columns([two])}
    assert groups == {"QNLI acc.", "QNLI ROC-AUC", "QNLI balanced acc."}
    assert {column.group for column in robustness_columns([more])} == {"MNLI acc."}
    assert [column.heading for column in robustness_table([two]).columns] == [
        *("QNLI acc. original", "QNLI acc. attack", "QNLI acc. mean drop"),
        *("QNLI ROC-AUC original", "QNLI ROC-AUC mean drop"),
        *("QNLI balanced acc. original", "QNLI balanced acc. mean drop"),
    ]
