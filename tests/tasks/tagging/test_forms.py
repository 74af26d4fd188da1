"""Tagged sentences as JSON lines and Parquet, and what tasks do with tags of other schemes or of no training."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from charbert.config.data.sets import ColumnSettings, FoldSettings
from charbert.data.readers.conll import TaggedSentence
from charbert.errors import DataError
from charbert.metrics.tagging import entity_scores
from charbert.tasks.folds import cut_folds
from charbert.tasks.tagging.entities import NamedEntityTask
from charbert.tasks.tagging.parts_of_speech import PartOfSpeechTask

WORDS = [["Ada", "Lind", "left"], ["Riga", "\u200d"]]
TAGS = [["B-PER", "I-PER", "O"], ["B-LOC", "O"]]
NAMES = ["O", "B-PER", "I-PER", "B-LOC"]
NUMBERS = [[NAMES.index(tag) for tag in row] for row in TAGS]


def json_lines(folder: Path, **fields: Any) -> Path:
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*fields.values(), strict=True)]
    (folder / "some.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder / "some.jsonl"


def parquet(folder: Path, **features: Any) -> Path:
    rows = datasets.Dataset.from_dict({"tokens": WORDS, "ner_tags": NUMBERS}, features=features.get("features"))
    rows.to_parquet(folder / "some.parquet")
    return folder / "some.parquet"


def entities(**columns: Any) -> NamedEntityTask:
    return NamedEntityTask("ner", "f1", ColumnSettings(**columns))


def read(task: NamedEntityTask | PartOfSpeechTask, path: Path) -> tuple[list[list[str]], list[list[str]]]:
    sentences = task.read(path)
    return [list(sentence.words) for sentence in sentences], [list(sentence.tags) for sentence in sentences]


def test_lists_of_words_and_tags_are_read_under_their_usual_names(tmp_path: Path) -> None:
    for fields in (("tokens", "ner_tags"), ("words", "tags"), ("tokens", "labels")):
        path = json_lines(tmp_path, **dict(zip(fields, (WORDS, TAGS), strict=True)))
        assert read(entities(), path) == (WORDS, TAGS)
    path = json_lines(tmp_path, mine=WORDS, own=TAGS, tags=TAGS[::-1])
    assert read(entities(first="mine", label="own"), path) == (WORDS, TAGS)


def test_numbers_of_tags_get_the_names_of_the_settings_or_of_the_file(tmp_path: Path) -> None:
    named = entities(label_names=dict(enumerate(NAMES)))
    assert read(named, json_lines(tmp_path, tokens=WORDS, ner_tags=NUMBERS)) == (WORDS, TAGS)
    assert read(named, parquet(tmp_path)) == (WORDS, TAGS)
    tags = datasets.List(datasets.ClassLabel(names=NAMES))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": tags})
    assert read(entities(), parquet(tmp_path, features=features)) == (WORDS, TAGS)


def test_tags_of_another_scheme_are_converted_and_scored_strictly(tmp_path: Path) -> None:
    path = json_lines(tmp_path, tokens=WORDS, tags=[["B-PER", "E-PER", "O"], ["S-LOC", "O"]])
    task = entities()
    assert read(task, path) == (WORDS, TAGS)
    assert task.file_reports[path] == {"scheme": "IOBES", "converted": 2, "orphans": 0, "first_orphan": None}
    assert task.score(task.read(path), TAGS)["f1"] == 1.0
    assert entity_scores(TAGS, [["B-PER", "I-PER", "O"], ["B-PER", "O"]]).f1 == 0.5


def test_parts_of_speech_are_read_from_their_own_list(tmp_path: Path) -> None:
    path = json_lines(tmp_path, tokens=WORDS, ner_tags=TAGS, pos_tags=[["NNP", "NNP", "VBD"], ["NNP", "SYM"]])
    _, tags = read(PartOfSpeechTask("pos", "accuracy", ColumnSettings()), path)
    assert tags == [["NNP", "NNP", "VBD"], ["NNP", "SYM"]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"tokens": WORDS},
            r"jsonl:1: expected the fields tokens and ner_tags, got tokens without ner_tags; name yours",
        ),
        ({"tokens": WORDS, "tags": [["O"], ["O", "O"]]}, r"jsonl:1: expected 3 tags, one a word"),
        ({"tokens": WORDS, "tags": NUMBERS}, r"jsonl:1: expected tags with names \(task\.columns\.label_names="),
        ({"tokens": ["a b", "c"], "tags": TAGS}, r"jsonl:1: expected a list of words .*got 'a b'"),
        ({"tokens": [["a", " ", "b"], ["c", "d"]], "tags": TAGS}, r"jsonl:1: expected words with characters"),
    ],
)
def test_rows_without_a_tag_for_each_word_are_refused(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        entities().read(json_lines(tmp_path, **fields))


def test_a_malformed_row_is_left_out_and_listed_in_preparation(tmp_path: Path) -> None:
    errors: list[Any] = []
    path = json_lines(tmp_path, tokens=[["a"], *WORDS], tags=[["O", "O"], *TAGS])
    assert len(entities().read(path, errors=errors)) == 2
    assert [(error.index, error.place) for error in errors] == [(0, f"{path}:1")]


def test_an_i_tag_that_training_lacks_belongs_to_its_type() -> None:
    task = entities()
    task.learn_labels([TaggedSentence(("Riga", "is"), ("B-LOC", "O"))])
    task.check_labels([TaggedSentence(("New", "York"), ("B-LOC", "I-LOC"))], Path("dev.txt"))
    assert task.labels == ["O", "B-LOC", "I-LOC"]
    assert task.file_reports == {Path("dev.txt"): {"unseen_tags": {"I-LOC": 1}}}
    with pytest.raises(DataError, match="got 'B-RIVER'"):
        task.check_labels([TaggedSentence(("Nile", "York"), ("B-RIVER", "I-LOC"))], Path("test.txt"))


def test_a_tag_that_training_lacks_is_counted_and_allowed_only_if_the_settings_say_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    train, dev = [TaggedSentence(("Ada",), ("B-PER",))], [TaggedSentence(("Blue", "Nile"), ("B-RIVER", "I-RIVER"))]
    strict, lenient = entities(), entities(unseen_tags=True)
    for task in (strict, lenient):
        task.learn_labels(train)
    with pytest.raises(DataError, match=r"B-RIVER \(1\), I-RIVER \(1\); task\.columns\.unseen_tags=true"):
        strict.check_labels(dev, Path("dev.txt"))
    lenient.check_labels(dev, Path("dev.txt"))
    assert lenient.labels == ["B-PER", "B-RIVER", "I-RIVER"]
    assert lenient.file_reports == {Path("dev.txt"): {"unseen_tags": {"B-RIVER": 1, "I-RIVER": 1}}}
    assert "dev.txt: tags that the training set lacks" in caplog.text
    assert lenient.score(dev, [["O", "O"]])["recall"] == 0.0


def test_sentences_are_groups_where_a_file_marks_no_documents() -> None:
    sentences = [TaggedSentence((f"word{number}",), ("O",)) for number in range(30)]
    folds = cut_folds(entities(), sentences, FoldSettings(number=5))
    assert [len(fold.test) for fold in folds] == [6] * 5


def test_files_of_other_forms_are_written_in_the_form_of_the_task(tmp_path: Path) -> None:
    task = entities(names=["index", "word", "tag", "other"])
    assert task.copy_name(Path("test.jsonl")) == "test.conll"
    assert task.copy_name(Path("NER-de-test.tsv")) == "NER-de-test.tsv"
    sentences = [TaggedSentence(("Ada", "#"), ("B-PER", "O"))]
    task.write(tmp_path / "again", sentences)
    assert (tmp_path / "again").read_text() == "1\tAda\tB-PER\t_\n2\t#\tO\t_\n\n"
    assert read(task, tmp_path / "again") == ([["Ada", "#"]], [["B-PER", "O"]])
