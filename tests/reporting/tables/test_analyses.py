from charbert.records import ResultRecord
from charbert.reporting.tables.analyses import other_noise, other_noise_columns


def record(model: str, task: str, metric: str, clean_of: dict[str, str], **metrics: float) -> ResultRecord:
    settings = {"model": {"name": model}, "recipe": "quick", "data": {"name": "d"}}
    settings["task"] = {"name": task, "metric": metric}
    named = {name.replace("__", "/"): value for name, value in metrics.items()}
    return ResultRecord("analysis", "e", model, model, settings, 1, named, {"clean_of": clean_of})


def test_of_two_copies_after_the_authors_rule_theirs_is_shown() -> None:
    clean_of = dict.fromkeys(("clean", "charbert", "released", "two_edits"), "clean")
    one = record("BERT", "ner", "f1", clean_of, attack__ner__released__f1=0.5, attack__ner__charbert__f1=0.4)
    assert [column.metric for column in other_noise_columns([one])] == [
        "eval/ner/f1",
        "attack/ner/released/f1",
        "attack/ner/two_edits/f1",
    ]
    assert other_noise([one]).cell("BERT", "NER F1 attack").mean == 50


def test_copies_of_the_dev_set_are_right_of_it() -> None:
    clean_of = {"clean": "clean", "charbert": "clean", "dev": "dev", "typos": "dev", "ocr": "clean"}
    table = other_noise([record("BERT", "ner", "f1", clean_of, dev__ner__f1=0.9, attack__ner__ocr__f1=0.7)])
    assert [column.name for column in table.columns] == ["original", "attack", "OCR", "original, dev set", "typos"]
    assert table.cell("BERT", "NER F1 original, dev set").mean == 90
    assert "Sets right of the original dev set are copies of it." in table.notes


def test_two_labels_have_their_area_and_balanced_accuracy_too_and_more_labels_do_not() -> None:
    clean_of = {"clean": "clean", "charbert": "clean"}
    two = record("BERT", "qnli", "accuracy", clean_of, eval__qnli__f1=0.5, eval__qnli__roc_auc=0.8)
    more = record("BERT", "mnli", "accuracy", clean_of, eval__mnli__macro_f1=0.5)
    groups = {column.group for column in other_noise_columns([two])}
    assert groups == {"QNLI acc.", "QNLI ROC-AUC", "QNLI balanced acc."}
    assert {column.group for column in other_noise_columns([more])} == {"MNLI acc."}
