"""Files with malformed examples are read without losing anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from charbert.config.data.sets import ColumnSettings, SpanSettings
from charbert.errors import DataError
from charbert.tasks.answering.task import QuestionAnsweringTask
from charbert.tasks.classification.task import ClassificationTask
from charbert.tasks.rows import number_rows, read_rows
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.parts_of_speech import PartOfSpeechTask
from charbert.tasks.task import Task

NER = NamedEntityTask("ner", "f1")
POS = PartOfSpeechTask("pos", "accuracy", ColumnSettings(label="upos"))
TEXTS = ClassificationTask("sst2", "accuracy", ColumnSettings(row_id="id", label_names={"0": "bad", "1": "good"}))
SQUAD = QuestionAnsweringTask("squad1", "f1", SpanSettings())

CONLL = "Ada NNP x B-PER\nLind NNP\n\nsails VBZ x O\n\n\nOslo NNP x b-loc\n\nOslo NNP x I-LOC\n"
CONLLU = "1\ta\t_\tDET\t_\t_\t_\t_\t_\t_\n\n1\tb\n\n1\tc\t_\tNOUN\t_\t_\t_\t_\t_\t_\n2\td\t_\tX\t_\t_\t_\t_\t_\t_\n"
TABLE = "id\tsentence\tlabel\n1\tfine\t1\n2\t\t1\n3\tno label\n4\todd\t Good\n1\tagain\t0\n"
ASKED = {"question": "Who?", "answers": [{"text": "Ada", "answer_start": 0}]}
QUESTIONS = [
    {"id": "a", **ASKED},
    {"id": "b", **ASKED, "answers": []},
    {"id": "a", **ASKED},
    {"question": "Who?"},
    {"id": "c", **ASKED},
]
LINES = '{"tokens": [], "tags": []}\n{"tokens": ["Ada"], "tags": []}\n{"tokens": ["Ada"], "tags": ["B-PER"]}\n'
JSON = json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "Ada sails.", "qas": QUESTIONS}]}]})


@pytest.mark.parametrize(
    ("task", "name", "content", "read", "malformed"),
    [
        (NER, "train.conll", CONLL, {1: ":4", 2: ":7", 3: ":9"}, {0: ":1"}),
        (NER, "train.jsonl", LINES, {1: ":3"}, {0: ":2"}),  # an empty sentence is none
        (POS, "train.conllu", CONLLU, {0: ":1", 2: ":5"}, {1: ":3"}),
        (TEXTS, "train.tsv", TABLE, {0: ":2", 3: ":5"}, {1: ":3", 2: ":4", 4: ":6"}),
        (SQUAD, "train.json", JSON, {0: ", question 'a'", 4: ", question 'c'"}, {1: ":1", 2: ":1", 3: ":1"}),
    ],
)
def test_malformed_examples_are_kept_with_their_place(
    tmp_path: Path, task: Task[Any, Any], name: str, content: str, read: dict[int, str], malformed: dict[int, str]
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    rows, left_out = read_rows(task, path, tmp_path)
    assert {row.index: row.place for row in rows} == {index: name + place for index, place in read.items()}
    assert {example.index: example.place for example in left_out} == {
        index: name + place for index, place in malformed.items()
    }
    assert all(example.detail and example.content and str(tmp_path) not in example.detail for example in left_out)
    with pytest.raises(DataError):
        task.read(path)


def test_labels_keep_their_case_without_blanks_around_them(tmp_path: Path) -> None:
    (tmp_path / "t.conll").write_text(CONLL)
    (tmp_path / "t.tsv").write_text(TABLE)
    tags = [row.example.tags for row in read_rows(NER, tmp_path / "t.conll", tmp_path)[0]]
    assert tags == [("O",), ("b-loc",), ("B-LOC",)]
    assert [row.example.label for row in read_rows(TEXTS, tmp_path / "t.tsv", tmp_path)[0]] == ["good", "Good"]


def test_examples_in_memory_are_numbered() -> None:
    places = [row.place for row in number_rows(["a", "b"], "train")]
    assert places == ["train, example 0", "train, example 1"]
