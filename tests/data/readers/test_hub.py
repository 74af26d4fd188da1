from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from charbert.config.data.sets import ColumnSettings, SpanSettings, TaskKind, TaskSettings
from charbert.data.pretraining.corpus import read_paragraphs
from charbert.data.readers.hub import fetch_corpus, fetch_split, is_reference, load_split, parse_reference, split_path
from charbert.errors import DataError, SettingsError
from charbert.tasks.catalog import build_task


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def parquet(folder: Path, rows: dict[str, list[Any]], features: dict[str, Any]) -> str:
    Dataset.from_dict(rows, features=Features(features)).to_parquet(folder / "part-0.parquet")
    return "parquet:part-*.parquet"


def fetch(reference: str, task: TaskSettings, folder: Path, **hub_columns: str) -> Path:
    built = build_task(task)
    return fetch_split(reference, built.write_hub, built.suffix, hub_columns, folder, folder / "fetched")


MRPC = TaskSettings(
    name="mrpc",
    kind=TaskKind.classification,
    metric="f1",
    columns=ColumnSettings(first="one", second="two", label="Quality", label_names={"0": "different", "1": "same"}),
)
PAIR = {"sentence1": Value("string"), "two": Value("string"), "label": ClassLabel(names=["different", "same"])}


@pytest.mark.parametrize(
    ("reference", "split"),
    [
        ("hub:nyu-mll/glue/qnli/train", ("nyu-mll/glue", "qnli", "train", None)),
        (
            "hub:org/name/default/test@refs/convert/parquet",
            ("org/name", None, "test", "refs/convert/parquet"),
        ),
    ],
)
def test_a_reference_names_repository_config_split_and_revision(reference: str, split: tuple[str | None, ...]) -> None:
    assert tuple(parse_reference(reference).values()) == split
    assert is_reference(reference)
    assert not is_reference("glue/QNLI/dev.tsv")


@pytest.mark.parametrize("reference", ["hub:glue/qnli/train", "hub:a/b/c/d/e", "hub:a//c/d", "a/b/c/d"])
def test_a_reference_of_another_form_is_refused(reference: str) -> None:
    with pytest.raises(SettingsError, match="hub:org/name/config/split"):
        parse_reference(reference)


def test_pairs_become_a_table_that_the_task_reads(tmp_path: Path) -> None:
    rows = {"sentence1": ["A\tb\nc.", 'He said "no.'], "two": ["D.", "E."], "label": [1, 0]}
    path = fetch(parquet(tmp_path, rows, PAIR), MRPC, tmp_path, one="sentence1", Quality="label")
    read = build_task(MRPC).read(path)
    assert [(row.first, row.second, row.label) for row in read] == [
        ("A b c.", "D.", "same"),
        ('He said "no.', "E.", "different"),
    ]


def test_labels_that_are_true_and_false_are_named_as_in_files(tmp_path: Path) -> None:
    columns = ColumnSettings(first="text", label_names={False: "no", True: "yes"})
    task = TaskSettings(name="own", kind=TaskKind.classification, metric="f1", columns=columns)
    rows = {"text": ["a", "b"], "label": [True, False]}
    path = fetch(parquet(tmp_path, rows, {"text": Value("string"), "label": Value("bool")}), task, tmp_path)
    assert [row.label for row in build_task(task).read(path)] == ["yes", "no"]


def test_questions_become_a_squad_file_with_their_articles(tmp_path: Path) -> None:
    rows = {
        "id": ["a", "b", "c"],
        "title": ["T", "T", "U"],
        "context": ["Rain fell.", "Rain fell.", "Snow."],
        "question": ["What fell?", "Who fell?", "What?"],
        "answers": [
            {"text": ["Rain"], "answer_start": [0]},
            {"text": [], "answer_start": []},
            {"text": ["Snow", "Snow"], "answer_start": [0, 0]},
        ],
    }
    texts = {name: Value("string") for name in ("id", "title", "context", "question")}
    answers = {"text": datasets.List(Value("string")), "answer_start": datasets.List(Value("int32"))}
    task = TaskSettings("squad2", TaskKind.question_answering, "best_f1", spans=SpanSettings(no_answers=True))
    path = fetch(parquet(tmp_path, rows, {**texts, "answers": answers}), task, tmp_path)
    first, second, third = build_task(task).read(path)
    assert (first.answers[0].text, second.answers, len(third.answers)) == ("Rain", (), 2)
    assert [question.title for question in (first, second, third)] == ["T", "T", "U"]


@pytest.mark.parametrize(("kind", "tag"), [(TaskKind.tagging, "ner_tags"), (TaskKind.pos_tagging, "upos")])
def test_tagged_words_become_columns(tmp_path: Path, kind: TaskKind, tag: str) -> None:
    names = ["O", "B-PER", "I-PER"]
    rows = {"tokens": [["Ann", "Lee", "left"], ["Rain"]], tag: [[1, 2, 0], [0]]}
    features = {"tokens": datasets.List(Value("string")), tag: datasets.List(ClassLabel(names=names))}
    task = TaskSettings("t", kind, "f1")
    path = fetch(parquet(tmp_path, rows, features), task, tmp_path, tag=tag)
    read = build_task(task).read(path)
    assert [(sentence.words, sentence.tags) for sentence in read] == [
        (("Ann", "Lee", "left"), ("B-PER", "I-PER", "O")),
        (("Rain",), ("O",)),
    ]


def test_a_row_without_label_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    reference = parquet(tmp_path, {"sentence1": ["A", "B"], "two": ["C", "D"], "label": [1, -1]}, PAIR)
    with pytest.raises(DataError, match=r"expected a label in row 1, got -1"):
        fetch(reference, MRPC, tmp_path, one="sentence1", Quality="label")
    assert not (tmp_path / "fetched").exists()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    reference = parquet(tmp_path, {"sentence1": ["A"], "two": ["C"], "label": [1]}, PAIR)
    with pytest.raises(DataError, match="without one, Quality; set hub_columns"):
        fetch(reference, MRPC, tmp_path)


@pytest.mark.parametrize("reference", ["parquet:none.parquet", "hub:no-org/no-name/default/train"])
def test_what_cannot_be_loaded_is_refused_with_a_way_out(tmp_path: Path, reference: str) -> None:
    with pytest.raises(DataError, match=r"expected a data set that can be loaded.*data=benchmarks"):
        fetch(reference, MRPC, tmp_path)


def test_documents_become_a_corpus_of_paragraphs_and_articles(tmp_path: Path) -> None:
    rows = {"text": ["One.\n\nTwo\u2028three.\r\n", "", "Four."], "title": ["a", "b", "c"]}
    reference = parquet(tmp_path, rows, {"text": Value("string"), "title": Value("string")})
    path = fetch_corpus(reference, tmp_path, tmp_path / "fetched")
    assert path.read_text(encoding="utf-8") == "One.\nTwo\nthree.\n\nFour.\n\n"
    assert list(read_paragraphs([path])) == ["One.", "Two", "three.", None, "Four.", None, None]


def test_a_corpus_that_was_fetched_stays_as_it_is(tmp_path: Path) -> None:
    reference = parquet(tmp_path, {"text": ["One."]}, {"text": Value("string")})
    path = fetch_corpus(reference, tmp_path, tmp_path / "fetched")
    before = path.stat().st_mtime_ns
    (tmp_path / "part-0.parquet").unlink()
    assert fetch_corpus(reference, tmp_path, tmp_path / "fetched").stat().st_mtime_ns == before


def test_a_corpus_without_its_column_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    reference = parquet(tmp_path, {"body": ["One."]}, {"body": Value("string")})
    with pytest.raises(DataError, match=r"expected the columns text, got body"):
        fetch_corpus(reference, tmp_path, tmp_path / "fetched")
    assert list((tmp_path / "fetched").iterdir()) == []


def test_a_slice_of_a_split_is_a_split() -> None:
    assert parse_reference("hub:wikimedia/wikipedia/20231101.en/train[:2000]")["split"] == "train[:2000]"


def test_references_that_differ_in_signs_alone_have_files_of_their_own(tmp_path: Path) -> None:
    parts = [
        "[2000:]",
        "[:2000]",
        "[2000]",
        "[:20%]",
        "[20%:]",
        "-2000",
        "_2000",
        "@2000",
        "[:2000]@v1",
        "[2000:]@v1",
        "é",
    ]
    references = [f"hub:org/name/config/train{part}" for part in parts]
    paths = {split_path(reference, ".tsv", tmp_path) for reference in references}
    assert len(paths) == len(references)
    assert all(path.parent == tmp_path and path.suffix == ".tsv" for path in paths)


def test_the_name_of_a_fetched_file_begins_with_its_reference_and_fits_a_file_system(tmp_path: Path) -> None:
    assert split_path("hub:org/name/default/train", ".txt", tmp_path).name.startswith("hub-org-name-default-train-")
    assert len(split_path("hub:o/n/c/" + "+".join(["train"] * 100), ".txt", tmp_path).name.encode()) < 255


def test_two_slices_of_a_corpus_are_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Dataset.from_dict({"text": ["One.", "Two.", "Three."]})

    def load(*source: str, split: str, **options: Any) -> Dataset:
        first, last = (int(edge) if edge else None for edge in split.removeprefix("train[").rstrip("]").split(":"))
        return rows.select(range(3)[first:last])

    monkeypatch.setattr(datasets, "load_dataset", load)
    train, dev = (
        fetch_corpus(f"hub:org/name/default/train[{part}]", tmp_path, tmp_path / "fetched") for part in ("1:", ":1")
    )
    assert train.read_text() == "Two.\n\nThree.\n\n"
    assert dev.read_text() == "One.\n\n"


def test_the_name_of_a_parquet_file_is_no_pattern(tmp_path: Path) -> None:
    Dataset.from_dict({"text": ["a", "b"]}).to_parquet(tmp_path / "my [1] (2),v=#é.parquet")
    assert load_split("parquet:my [1] (2),v=#é.parquet", tmp_path)["text"] == ["a", "b"]
    assert load_split("parquet:my*.parquet", tmp_path)["text"] == ["a", "b"]  # a pattern stays one
