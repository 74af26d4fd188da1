"""Files that are damaged or were made to do harm end in an error that names them; odd ones come back as they were."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import Dataset, Features, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charbert.config.data.sets import ColumnSettings, TaskKind, TaskSettings
from charbert.data.pretraining.word_vocab import WordVocab
from charbert.data.readers.conll import TaggedSentence, read_conll, write_columns, write_conll
from charbert.data.readers.conllu import read_conllu
from charbert.data.readers.glue import LabeledText, read_glue, write_glue
from charbert.data.readers.hub import fetch_split
from charbert.data.readers.layouts import TWO_COLUMNS
from charbert.data.readers.squad import read_squad
from charbert.errors import DataError
from charbert.preparation.out_of_fold import read_probabilities
from charbert.tasks.catalog import build_task
from charbert.tasks.tagging.hub import record_sentences
from charbert.text.char_vocab import CharVocab

TEXTS = ColumnSettings(names=["one", "label"], first="one", label="label")


def named(suffix: str, read: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Return a reader that gives a file its suffix before."""
    return lambda path: read(path.rename(path.with_suffix(suffix)))


READERS: dict[str, Callable[[Path], Any]] = {
    "conll": read_conll,
    "conllu": read_conllu,
    "glue": lambda path: read_glue(path, TEXTS),
    "csv": named(".csv", lambda path: read_glue(path, TEXTS)),
    "json_lines": named(".jsonl", lambda path: read_glue(path, TEXTS)),
    "parquet": named(".parquet", lambda path: read_glue(path, TEXTS)),
    "tag_lists": named(".jsonl", lambda path: record_sentences(path, ColumnSettings(), entities=True)),
    "named_columns": lambda path: read_conll(path, columns=["index", "word", "tag", "other"]),
    "squad": lambda path: read_squad(path, no_answers=True),
    "characters": CharVocab.load,
    "words": WordVocab.load,
    "probabilities": read_probabilities,
}
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        ("squad", DIGITS),
        ("json_lines", DIGITS),
        ("json_lines", "[" * 100_000),
        ("json_lines", '{"one": "\\ud83d", "label": 1}'),
        ("tag_lists", '{"tokens": [NaN], "tags": ["O"]}'),
        ("csv", '"a' + "b" * 200_000),
        ("named_columns", f"{DIGITS}\ta\tO\tO\n\n{DIGITS}\tb\tO"),
        ("squad", "[" * 100_000),
        ("squad", '{"data": NaN}'),
        ("squad", '{"data": "\\ud83d"}'),
        ("characters", DIGITS),
        ("characters", "[" * 100_000),
        ("words", DIGITS),
        ("words", "[" * 100_000),
        ("words", '{"version": 1, "words": ["<unk>"]}'),
        ("words", '{"version": 1, "words": ["\\ud83d"]}'),
        ("probabilities", "[" * 100_000),
        ("probabilities", '{"predicted": [], "probability": 2}'),
        ("conllu", "\t".join([DIGITS, *"word_NN__0___"[:9]])),
        ("conllu", "\t".join(["٣", *"word_NN__0___"[:9]])),
    ],
)
def test_what_broke_a_reader_once_is_refused_by_name(reader: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=str(path)):
        READERS[reader](path)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
@pytest.mark.parametrize("reader", READERS)
def test_arbitrary_bytes_are_read_or_refused_by_name(reader: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        READERS[reader](path)
    except DataError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("word", ["\ufeffword", "\ufeff\ufeff", "a b c", "# x", "\u2028x", "a\0b"])
def test_odd_words_at_the_beginning_of_a_file_come_back(word: str, tmp_path: Path) -> None:
    sentences = [TaggedSentence((word, "b"), ("NN", "NN"))]
    write_columns(tmp_path / "columns", sentences)
    (read,) = read_conll(tmp_path / "columns", columns=TWO_COLUMNS, scheme="plain")
    assert read.words == (word, "b")
    write_conll(tmp_path / "conll", [TaggedSentence((word, "b"), ("O", "O"))])
    assert read_conll(tmp_path / "conll")[0].words == (word, "b")
    rows = [LabeledText(word, None, "yes")]
    write_glue(tmp_path / "glue", rows, TEXTS)
    assert read_glue(tmp_path / "glue", TEXTS) == rows


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write rows as a Parquet file and fetch it as a split."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def fetch_rows(kind: TaskKind, rows: dict[str, list[Any]], **features: Any) -> Path:
        Dataset.from_dict(rows, features=Features(features)).to_parquet(tmp_path / "rows.parquet")
        columns = ColumnSettings(first="one") if kind is TaskKind.classification else ColumnSettings()
        task = build_task(TaskSettings(name="any", kind=kind, metric="f1", columns=columns))
        return fetch_split("parquet:rows.parquet", task.write_hub, task.suffix, {}, tmp_path, tmp_path / "fetched")

    return fetch_rows


TEXT, WORDS = Value("string"), datasets.List(Value("string"))
ANSWERS = {"text": WORDS, "answer_start": datasets.List(Value("int64"))}
QUESTION = {"id": TEXT, "question": TEXT, "context": TEXT, "answers": ANSWERS}


@pytest.mark.parametrize(
    ("kind", "rows", "features"),
    [
        (TaskKind.classification, {"one": ["a", None], "label": ["yes", "no"]}, {"one": TEXT, "label": TEXT}),
        (TaskKind.classification, {"one": ["a", "b"], "label": ["yes", None]}, {"one": TEXT, "label": TEXT}),
        (TaskKind.classification, {"one": [1, 2], "label": ["a", "b"]}, {"one": Value("int64"), "label": TEXT}),
        (TaskKind.tagging, {"tokens": [["a", None]], "ner_tags": [["O", "O"]]}, {"tokens": WORDS, "ner_tags": WORDS}),
        (TaskKind.tagging, {"tokens": [["a"]], "ner_tags": [None]}, {"tokens": WORDS, "ner_tags": WORDS}),
        (TaskKind.tagging, {"tokens": [["a", "b"]], "ner_tags": [["O"]]}, {"tokens": WORDS, "ner_tags": WORDS}),
        (TaskKind.tagging, {"tokens": ["a"], "ner_tags": [["O"]]}, {"tokens": TEXT, "ner_tags": WORDS}),
        (TaskKind.pos_tagging, {"tokens": [["a"]], "ner_tags": [[None]]}, {"tokens": WORDS, "ner_tags": WORDS}),
        (
            TaskKind.question_answering,
            {"id": ["1"], "question": ["?"], "context": [None], "answers": [{"text": ["a"], "answer_start": [0]}]},
            QUESTION,
        ),
        (
            TaskKind.question_answering,
            {"id": ["1"], "question": ["?"], "context": ["a"], "answers": [None]},
            QUESTION,
        ),
        (
            TaskKind.question_answering,
            {"id": ["1"], "question": ["?"], "context": ["a"], "answers": [{"text": ["a"], "answer_start": []}]},
            QUESTION,
        ),
        (
            TaskKind.question_answering,
            {"id": [None], "question": ["?"], "context": ["a"], "answers": [{"text": ["a"], "answer_start": [0]}]},
            QUESTION,
        ),
    ],
)
def test_rows_of_a_split_with_holes_are_refused_by_number(
    kind: TaskKind, rows: dict[str, list[Any]], features: dict[str, Any], fetch: Callable[..., Path]
) -> None:
    with pytest.raises(DataError, match=r"parquet:rows\.parquet.*row \d"):
        fetch(kind, rows, **features)


def test_a_text_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not empty"):
        write_glue(tmp_path / "glue", [LabeledText("\u2028", None, "yes")], TEXTS)


def test_numbers_are_labels_of_their_own(fetch: Callable[..., Path]) -> None:
    path = fetch(TaskKind.classification, {"one": ["a"], "label": [3]}, one=TEXT, label=Value("int64"))
    assert path.read_text() == "one\tlabel\na\t3\n"


def test_a_squad_file_with_an_emoji_as_two_escapes_is_read(tmp_path: Path) -> None:
    entry = {"id": "a", "question": "?", "answers": [{"text": "😀", "answer_start": 0}]}
    content = {"data": [{"title": "", "paragraphs": [{"context": "😀 b", "qas": [entry]}]}]}
    (tmp_path / "file").write_text(json.dumps(content), encoding="utf-8")
    assert read_squad(tmp_path / "file", no_answers=True)[0].answers[0].text == "😀"
