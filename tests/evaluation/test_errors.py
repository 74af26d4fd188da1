import csv
from pathlib import Path

import pytest

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.glue import LabeledText
from charbert.evaluation.errors import ErrorTable, analyze_errors, write_errors
from charbert.tasks.classification.encoding import LabelPrediction
from charbert.tasks.classification.task import ClassificationTask

TASK = ClassificationTask("pairs", "accuracy", ColumnSettings(first="one", label_names={"0": "no", "1": "yes"}))
EXAMPLES = [LabeledText(f"text {number} | with a bar", None, "yes" if number % 2 else "no") for number in range(6)]
PREDICTIONS = [LabelPrediction("yes" if number < 4 else "no", 0.5 + number / 20) for number in range(6)]


def tables(**options: int) -> dict[str, ErrorTable]:
    return {table.name: table for table in analyze_errors(TASK, EXAMPLES, PREDICTIONS, EXAMPLES, **options)}


def test_confusions_add_up_to_the_decisions() -> None:
    confusion = tables()["confusion"]
    assert confusion.columns == ["gold / predicted", "no", "yes"]
    assert confusion.rows == [["no", 1, 2], ["yes", 1, 2]]


def test_each_class_has_its_scores() -> None:
    classes = tables()["classes"]
    assert [row[0] for row in classes.rows] == ["no", "yes"]
    assert dict(zip(classes.columns, classes.rows[1], strict=True)) == {
        "class": "yes",
        "precision": 0.5,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(4 / 7),
        "gold": 3,
        "predicted": 4,
        "correct": 2,
    }


def test_the_limit_keeps_the_worst_mistakes() -> None:
    mistakes = tables(limit=2)["mistakes"]
    assert (len(mistakes.rows), mistakes.total) == (2, 3)
    assert mistakes.rows[0][mistakes.columns.index("probability")] == 0.75


def test_files_hold_the_tables_and_a_text_with_a_bar_stays_one_cell(tmp_path: Path) -> None:
    write_errors(list(tables().values()), tmp_path, "clean", shown=1)
    names = {"clean.confusion.csv", "clean.classes.csv", "clean.mistakes.csv", "clean.errors.md"}
    assert {path.name for path in tmp_path.iterdir()} == names
    with (tmp_path / "clean.mistakes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["gold"] for row in rows] == ["yes", "no", "no"]
    report = (tmp_path / "clean.errors.md").read_text()
    assert "text 5 \\| with a bar" in report
    assert "1 of 3 rows." in report


def test_a_model_without_mistakes_leaves_an_empty_table(tmp_path: Path) -> None:
    right = [LabelPrediction(example.label, 1.0) for example in EXAMPLES]
    write_errors(analyze_errors(TASK, EXAMPLES, right, EXAMPLES), tmp_path, "clean")
    assert (tmp_path / "clean.mistakes.csv").read_text() == ""
    assert "None." in (tmp_path / "clean.errors.md").read_text()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str, tmp_path: Path) -> None:
    table = ErrorTable("mistakes", ["text", "loss"], [[text, -0.5], ["a = b", 1]], 2)
    write_errors([table], tmp_path, "clean")
    with (tmp_path / "clean.mistakes.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [["text", "loss"], [f"'{text}", "-0.5"], ["a = b", "1"]]
