import hashlib
from pathlib import Path

import pytest

from charbert.data.readers.conll import TaggedSentence, read_conll
from charbert.data.readers.edit_operations import read_noisy
from charbert.errors import DataError

CLEAN = """-DOCSTART- -X- -X- O

Four CD I-NP O
Riga NNP I-NP I-LOC
ships NNS I-NP O

-DOCSTART- -X- -X- O

left VBD I-VP O
. . O O
"""


@pytest.fixture
def clean(tmp_path: Path) -> list[TaggedSentence]:
    (tmp_path / "clean.txt").write_text(CLEAN, encoding="utf-8")
    return read_conll(tmp_path / "clean.txt")


def operations(folder: Path, text: str, name: str = "test_ops.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_operations_change_words_and_nothing_else(clean: list[TaggedSentence], tmp_path: Path) -> None:
    path = operations(tmp_path, "s--- 4\n--is- -9\n-----i !\n\n-ds- \u00ac\ns ,\n")
    noisy = read_noisy(path, clean, "clean.txt")
    assert [sentence.words for sentence in noisy] == [("4our", "Ri-9a", "ships!"), ("l\u00act", ",")]
    kept = [(s.tags, s.pos, s.document, s.line) for s in noisy]
    assert kept == [(s.tags, s.pos, s.document, s.line) for s in clean]
    assert [sentence.document for sentence in noisy] == [0, 1]


def test_characters_put_in_may_be_spaces_and_ends_of_lines_may_be_those_of_windows(
    clean: list[TaggedSentence], tmp_path: Path
) -> None:
    path = operations(tmp_path, "--i--  \r\n----\r\n-----\r\n\r\n----\r\n-\r\n")
    noisy = read_noisy(path, clean, "clean.txt")
    assert [sentence.words for sentence in noisy] == [("Fo ur", "Riga", "ships"), ("left", ".")]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("--x- a\n----\n-----\n\n----\n-\n", 1, "operations - (keep), s (substitute), i (insert), d (delete), got 'x'"),
        ("----\n---\n-----\n\n----\n-\n", 2, "operations for the 4 characters of 'Riga', 4, got 3 in '---'"),
        ("----\n-----\n-----\n\n----\n-\n", 2, "operations for the 4 characters of 'Riga', 4, got 5"),
        ("----\n--s-\n-----\n\n----\n-\n", 2, "a character for each s and i, 1, got 0 in '--s-'"),
        ("----\n--s- ab\n-----\n\n----\n-\n", 2, "a character for each s and i, 1, got 2"),
        ("----\n----\n-----\n\n----\nd\n", 6, "operations that leave something of '.', got 'd'"),
        ("----\n----\n\n----\n-\n", 1, "a sentence of 3 words, as at clean.txt:3, got 2; were the operations made for"),
        ("----\n----\n-----\n\n----\n-\n-\n", 5, "a sentence of 2 words, as at clean.txt:9, got 3"),
        ("----\n----\n-----\n\n----\n-\n\n-\n", 8, "2 sentences, as clean.txt has, got a further one"),
    ],
)
def test_operations_that_do_not_fit_are_refused_by_line(
    clean: list[TaggedSentence], tmp_path: Path, text: str, line: int, message: str
) -> None:
    path = operations(tmp_path, text)
    with pytest.raises(DataError) as error:
        read_noisy(path, clean, "clean.txt")
    assert str(error.value).startswith(f"{path}:{line}: expected {message}")
    assert "\n" not in str(error.value)


def test_too_few_sentences_are_refused(clean: list[TaggedSentence], tmp_path: Path) -> None:
    path = operations(tmp_path, "----\n----\n-----\n")
    with pytest.raises(DataError, match=f"^{path}: expected 2 sentences, as clean.txt has, got 1; were the operations"):
        read_noisy(path, clean, "clean.txt")


def test_a_checksum_beside_the_operations_is_compared(clean: list[TaggedSentence], tmp_path: Path) -> None:
    path = operations(tmp_path, "s--- 4\n----\n-----\n\n----\n-\n")
    rows = "4our\tFour\tO\nRiga\tRiga\tB-LOC\nships\tships\tO\n\nleft\tleft\tO\n.\t.\tO\n\n"
    (tmp_path / "test.md5").write_text(hashlib.md5(rows.encode()).hexdigest() + "\n")
    assert read_noisy(path, clean, "clean.txt")[0].words[0] == "4our"
    (tmp_path / "test.md5").write_text("0" * 32)
    with pytest.raises(
        DataError, match=r"test.md5:1: expected the checksum of .*, got '0+'; clean.txt has other words"
    ):
        read_noisy(path, clean, "clean.txt")
    assert read_noisy(path.rename(tmp_path / "other_ops.txt"), clean, "clean.txt")
