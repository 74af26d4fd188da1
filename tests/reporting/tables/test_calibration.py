from charbert.records import ResultRecord
from charbert.reporting.render.layout import render_markdown
from charbert.reporting.tables.calibration import calibration_table, decision_path


def record(model: str, path: str, ece: float, **more: float) -> ResultRecord:
    settings = {"model": {"name": model}, "recipe": "quick", "data": {"name": "d"}, "task": {"name": "ner"}}
    metrics = {f"eval/ner/{path}ece": ece, **{f"eval/ner/{path}{name}": value for name, value in more.items()}}
    return ResultRecord("finetune", "e", f"ner-{model}", model, settings, 1, metrics | {"eval/ner/f1": 0.5})


def test_the_lowest_error_and_the_highest_area_are_best() -> None:
    records = [record("BERT", "token/", 0.2, roc_auc=0.9), record("CharBERT", "token/", 0.1, roc_auc=0.8)]
    table = calibration_table(records, "ner", "charbert")
    assert table.cell("CharBERT", "ECE original").is_best
    assert table.cell("BERT", "ROC-AUC original").is_best
    assert table.cell("BERT", "ECE original").mean == 20.0
    assert "Of each word's tag by itself" in render_markdown(table)


def test_the_mean_recall_is_shown_as_balanced_accuracy() -> None:
    records = [record("BERT", "", 0.2, macro_recall=0.75, accuracy=0.8)]
    table = calibration_table(records, "ner", "charbert")
    assert (table.cell("BERT", "balanced acc. original").mean, table.cell("BERT", "acc. original").mean) == (75, 80)


def test_records_without_calibration_scores_are_left_out() -> None:
    old = ResultRecord("finetune", "e", "ner-old", "old", {"model": {"name": "Old"}}, 1, {"eval/ner/f1": 0.5})
    table = calibration_table([old, record("BERT", "", 0.2)], "ner", "charbert")
    assert [row.label for row in table.rows] == ["BERT"]


def test_the_kind_of_decisions_is_read_off_the_records() -> None:
    for path in ("", "token/", "answerability/"):
        assert decision_path([record("BERT", path, 0.1)], "ner") == path
    assert decision_path([], "ner") == ""
