"""Predictions of another program: what fits the set is scored as ours are, what does not is refused by its line."""

import io
import json
import sys
from pathlib import Path

import pytest

from charbert.config.data.sets import ColumnSettings
from charbert.data.readers.conll import TaggedSentence, write_conll
from charbert.data.readers.glue import LabeledText, write_glue
from charbert.data.readers.squad import Answer, Question, write_squad
from charbert.deploy.command import main

SENTENCES = [
    TaggedSentence(("Ada", "Lind", "saw", "Oslo"), ("B-PER", "I-PER", "O", "B-LOC")),
    TaggedSentence(("Nobody", "answered"), ("O", "O")),
]
TASK = """\
name: pairs
kind: classification
metric: accuracy
columns: {first: one, label: label, row_id: index, label_names: {"0": "no", "1": "yes"}}
"""


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Score predictions, given as the lines of a file or as its content; return exit code, scores and error."""

    def run(task: str, test_set: Path, predictions, *options: str) -> tuple[int, dict[str, float], str]:
        path = tmp_path / ("given.json" if isinstance(predictions, dict) else "given.jsonl")
        rows = [predictions] if isinstance(predictions, dict) else predictions
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
        output = io.StringIO()
        monkeypatch.setattr(sys, "stdout", output)
        code = main(["score", str(path), "--task", task, "--set", str(test_set), *options])
        lines = dict(line.split("\t") for line in output.getvalue().splitlines())
        return code, {name: float(value) for name, value in lines.items()}, capfd.readouterr().err

    return run


@pytest.fixture
def entities(tmp_path: Path) -> Path:
    write_conll(tmp_path / "set.conll", SENTENCES)
    return tmp_path / "set.conll"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    context = "The keeper counted seven ships."
    asked = [
        Question("q1", "How many?", context, (Answer("seven", context.index("seven")),), "a"),
        Question("q2", "Who answered?", context, (), "a"),
    ]
    write_squad(tmp_path / "set.json", asked, version="v2.0")
    return tmp_path / "set.json"


def test_tags_are_scored_as_entities_and_written(score, entities: Path, tmp_path: Path) -> None:
    rows = [{"id": 1, "tags": ["O", "O"]}, {"id": 0, "tags": ["B-PER", "I-PER", "O", "B-PER"], "text": "ignored"}]
    code, scores, error = score("ner", entities, rows, "--attack", "ocr", "--output", str(tmp_path / "scores.json"))
    assert (code, error) == (0, "")
    assert scores["attack/ner/ocr/f1"] == scores["attack/ner/ocr/precision"] == 0.5
    content = json.loads((tmp_path / "scores.json").read_text())
    assert (content["task"], content["attack"], content["examples"]) == ("ner", "ocr", 2)
    assert content["metrics"]["attack/ner/ocr/f1"] == 0.5 and len(content["set"]["sha256"]) == 64
    code, scores, _ = score("ner", entities, {str(number): list(each.tags) for number, each in enumerate(SENTENCES)})
    assert (code, scores["eval/ner/f1"]) == (0, 1)


def test_labels_are_scored_by_name_or_as_files_write_them(score, tmp_path: Path) -> None:
    (tmp_path / "pairs.yaml").write_text(TASK)
    columns = ColumnSettings(first="one", label="label", row_id="index", label_names={"0": "no", "1": "yes"})
    rows = [LabeledText("Good.", None, "yes", "7"), LabeledText("Bad.", None, "no", "9")]
    write_glue(tmp_path / "set.tsv", rows, columns)
    task = str(tmp_path / "pairs.yaml")
    for labels in (("yes", "yes"), ("1", "1"), (1, 1)):
        given = [{"id": name, "label": label} for name, label in zip(("7", "9"), labels, strict=True)]
        code, scores, _ = score(task, tmp_path / "set.tsv", given)
        assert (code, scores["eval/pairs/accuracy"]) == (0, 0.5)
    for label in ("maybe", ["yes"], None):
        code, _, error = score(task, tmp_path / "set.tsv", [{"id": 7, "label": label}, {"id": 9, "label": "no"}])
        assert code == 2 and f"given.jsonl:1: id '7': expected one of the labels no, yes, got {label!r}" in error


@pytest.mark.parametrize("labels", [("1", "0"), (1, 0), (1.0, 0.0), (True, False)])
def test_labels_that_are_no_texts_may_be_written_as_in_the_set(
    score, tmp_path: Path, labels: tuple[object, ...]
) -> None:
    rows = [{"text": "Good.", "label": labels[0]}, {"text": "Bad.", "label": labels[1]}]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, scores, error = score("texts", tmp_path / "set.jsonl", [{"id": at, "label": labels[0]} for at in (0, 1)])
    assert (code, scores.get("eval/texts/accuracy"), error) == (0, 0.5, "")


def test_answers_may_be_none_where_the_task_allows_it(score, questions: Path) -> None:
    code, scores, _ = score("squad2", questions, {"q1": "seven", "q2": ""})
    assert (code, scores["eval/squad2/exact_at_zero"]) == (0, 1)
    assert not any("best_" in name for name in scores)
    rows = [{"id": "q1", "answer": "seven ships"}, {"id": "q2", "answer": "x", "no_answer": True}]
    _, scores, _ = score("squad2", questions, rows)
    assert scores["eval/squad2/exact_at_zero"] == 0.5 and scores["eval/squad2/unanswerable_accuracy_at_zero"] == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"id": 0, "tags": ["O"] * 4}],
            "given.jsonl: expected a prediction for each of the set's 2 examples, got none",
        ),
        ([{"id": 5, "tags": ["O"]}], "given.jsonl:1: expected an id of the set's 2 examples, such as 0, got '5'"),
        ([{"id": 0, "tags": ["O"] * 4}, {"id": 0, "tags": []}], "given.jsonl:2: expected each id once, got '0' again"),
        ([{"id": 0}], "given.jsonl:1: expected the fields id and tags, got id"),
        ([{"id": 0, "tags": ["O"] * 3}, {"id": 1, "tags": ["O"] * 2}], "1: id '0': expected a list of 4 tags"),
        ([{"id": 0, "tags": ["O"] * 4}, {"id": 1, "tags": ["O", "B-X"]}], "2: id '1': expected tags of the set"),
        ([{"id": 0, "tags": ["O"] * 4}, {"id": 1, "tags": ["O", ["O"]]}], "2: id '1': expected tags of the set"),
        ([["O"]], "given.jsonl:1: expected a JSON object, got list"),
    ],
)
def test_what_does_not_fit_the_set_is_refused(score, entities: Path, rows: list, message: str) -> None:
    code, scores, error = score("ner", entities, rows)
    assert (code, scores) == (2, {})
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "given.json",
            '{"0": ["O"], "0": ["O", "O", "O", "O"], "1": ["O", "O"]}',
            "given.json: expected a JSON object of",
        ),
        ("given.jsonl", '{"id": 1, "tags": [], "id": 0}', "given.jsonl:1: expected a JSON object"),
    ],
)
def test_a_key_that_stands_twice_is_named(
    name: str, content: str, message: str, entities: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["score", str(tmp_path / name), "--task", "ner", "--set", str(entities)]) == 2
    error = capfd.readouterr().err
    key = "0" if name == "given.json" else "id"
    assert message in error and error.endswith(f"got the key '{key}' more than once in one object\n")


def test_unknown_tasks_and_files_are_refused(score, entities: Path, tmp_path: Path) -> None:
    code, _, error = score("nothing", entities, {})
    assert code == 2 and "--task must be one of cola, " in error
    (tmp_path / "odd.yaml").write_text("name: x\nmetrics: f1\n")
    code, _, error = score(str(tmp_path / "odd.yaml"), entities, {})
    assert code == 2 and "odd.yaml: expected the settings of a task" in error
    code, _, error = score("ner", tmp_path / "none.conll", {})
    assert code == 2 and "no such file" in error
    given = tmp_path / "given.json"
    code, _, error = score("ner", entities, {"0": 1}, "--output", str(given))
    assert code == 2 and "got one of the inputs" in error
