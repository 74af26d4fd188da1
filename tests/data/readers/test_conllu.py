from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.data.readers.conll import TaggedSentence, read_conll, write_columns
from charbert.data.readers.conllu import read_conllu, write_conllu
from charbert.data.readers.layouts import TWO_COLUMNS
from charbert.errors import DataError, SettingsError


def line(word_id: str, form: str = "w", upos: str = "NOUN", xpos: str = "NN") -> str:
    return "\t".join([word_id, form, "_", upos, xpos, "_", "_", "_", "_", "_"])


def treebank(folder: Path, *lines: str) -> Path:
    path = folder / "dev.conllu"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_multiword_tokens_and_empty_nodes_are_no_words(tmp_path: Path) -> None:
    path = treebank(
        tmp_path,
        "# sent_id = 1",
        line("1", "We", "PRON", "PRP"),
        line("2-3", "don't", "_", "_"),
        line("2", "do", "AUX", "VBP"),
        line("3", "n't", "PART", "RB"),
        line("3.1", "leave", "VERB", "VB"),
        line("4", "10 000", "NUM", "CD"),
        "",
    )
    (sentence,) = read_conllu(path, "upos")
    assert sentence.words == ("We", "do", "n't", "10 000")
    assert sentence.tags == ("PRON", "AUX", "PART", "NUM")
    assert read_conllu(path, "xpos")[0].tags == ("PRP", "VBP", "RB", "CD")


def test_documents_begin_at_their_comment(tmp_path: Path) -> None:
    parts = [line("1"), "", line("1"), "", "# newdoc id = b", line("1"), ""]
    sentences = read_conllu(treebank(tmp_path, "# newdoc id = a", *parts))
    assert [(sentence.document, sentence.line) for sentence in sentences] == [(0, 2), (0, 4), (1, 7)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line("1"), line("3")], ":2: expected id 2, got '3'"),
        ([line("2")], ":1: expected id 1"),
        ([line("1"), line("1")], ":2: expected id 2, got '1'"),
        ([line("x")], ":1: expected id 1, got 'x'"),
        ([line("1-2")], ":1: expected a word in the sentence"),
        ([line("1-2"), line("1")], ":1: expected a word 2 for the id 1-2, got a sentence of 1"),
        ([line("1"), line("2.1"), line("1.1")], r":2: expected a word 2 for the id 2\.1, got a sentence of 1"),
        ([line("1-" + "2" * 5000), line("1")], ":1: expected id 1, got '1-222"),
        ([line("1").replace("\t", " ")], ":1: expected 10 columns between tabs"),
        ([line("1", "")], ":1: expected a word and a tag"),
        ([line("1"), "# late"], ":2: expected comments before"),
        (["# only a comment"], "expected at least one sentence"),
    ],
)
def test_broken_files_are_refused_with_their_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_conllu(treebank(tmp_path, *lines))


def test_a_column_without_tags_points_to_the_other_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"task\.columns\.label=upos"):
        read_conllu(treebank(tmp_path, line("1", xpos="_")), "xpos")
    with pytest.raises(SettingsError, match="upos or xpos"):
        read_conllu(treebank(tmp_path, line("1")), "label")  # type: ignore[arg-type]


WORDS = st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
TAGS = st.text("ABCXYZ$.-", min_size=1)
SENTENCES = st.lists(st.lists(st.tuples(WORDS, TAGS), min_size=1), min_size=1)


@given(SENTENCES, st.sampled_from(["upos", "xpos"]))
def test_conllu_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[list[tuple[str, str]]], tag: str
) -> None:
    sentences = [
        TaggedSentence(tuple(word for word, _ in sentence), tuple(tag for _, tag in sentence), document=number // 2)
        for number, sentence in enumerate(pairs)
    ]
    path = tmp_path_factory.mktemp("ud") / "dev.conllu"
    write_conllu(path, sentences, tag)  # type: ignore[arg-type]
    read = read_conllu(path, tag)  # type: ignore[arg-type]
    assert [(sentence.words, sentence.tags, sentence.document) for sentence in read] == [
        (sentence.words, sentence.tags, sentence.document) for sentence in sentences
    ]


def test_columns_are_read_back(tmp_path: Path) -> None:
    sentences = [TaggedSentence(("The", "10 000", '"'), ("DT", "CD", "``")), TaggedSentence(("O",), (".",))]
    write_columns(tmp_path / "dev.pos", sentences)
    read = read_conll(tmp_path / "dev.pos", columns=TWO_COLUMNS, scheme="plain")
    assert [(sentence.words, sentence.tags) for sentence in read] == [
        (sentence.words, sentence.tags) for sentence in sentences
    ]


@pytest.mark.parametrize(("word", "tag"), [("a\nb", "NN"), ("", "NN"), ("a", ""), ("a", "N\tN")])
def test_nothing_is_written_when_a_word_could_not_be_read_back(tmp_path: Path, word: str, tag: str) -> None:
    sentences = [TaggedSentence(("fine",), ("JJ",)), TaggedSentence((word,), (tag,))]
    with pytest.raises(DataError, match="sentence 1"):
        write_conllu(tmp_path / "dev.conllu", sentences)
    with pytest.raises(DataError, match="sentence 1"):
        write_columns(tmp_path / "dev.pos", sentences)
    assert not list(tmp_path.iterdir())
