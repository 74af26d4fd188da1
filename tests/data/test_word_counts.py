import lzma
from pathlib import Path

import pytest

from charbert.data.word_counts import frequent_words, read_words
from charbert.errors import DataError

COUNTS = {"the": 3, "keeper": 2, "ships": 1}
TEXT = "The keeper, the keeper.\n\nThe ships: 7\n"


def test_the_most_frequent_words_with_letters_are_kept() -> None:
    counts = {"b": 2, "a": 2, ",": 9, "7": 9, "c": 1, "d7": 5}
    assert frequent_words(counts, 3) == {"d7": 5, "a": 2, "b": 2}
    assert list(frequent_words(counts, 3)) == ["d7", "a", "b"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("counts.json", b'{"The": 2, "the": 1, "keeper": 2, "ships": 1}'),
        ("counts.tsv", b"The\t2\nkeeper\t2\r\n\nships\t1\nthe\t1\n"),
        ("text.txt", TEXT.encode()),
        ("text.txt.xz", lzma.compress(TEXT.encode())),
    ],
)
def test_counts_are_read_in_every_form_and_lower_cased(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_words(tmp_path / name).counts == COUNTS
    assert read_words(tmp_path / name).capitalized == {"the"}
    assert read_words(tmp_path / name, 1).counts == {"the": 3}


def test_a_text_has_pairs_of_words_and_a_file_of_counts_has_none(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "counts.tsv").write_text("the\t3\nkeeper\t2\n", encoding="utf-8")
    assert read_words(tmp_path / "text.txt").pairs == {"the": {"keeper": 2}}
    assert read_words(tmp_path / "text.txt", pairs=0).pairs == {}
    assert read_words(tmp_path / "counts.tsv").pairs == {}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("counts.json", b'{"the": 0}', "counts.json: expected a word and its count.*'the': 0"),
        ("counts.json", b'{"the": true}', "'the': True"),
        ("counts.json", b'["the"]', "expected a JSON object of counts by word, got list"),
        ("counts.json", b'{"the": }', "expected a JSON object"),
        ("counts.tsv", b"the\t3\nkeeper 2\n", r"counts.tsv:2: expected .* with a tab between them, got 'keeper 2'"),
        ("counts.tsv", b"the\t3\nkeeper\t-2\n", "counts.tsv:2"),
        ("text.txt", b"1 2 3\n", "expected words with letters"),
        ("text.txt", b"", "expected words with letters"),
        ("text.txt", b"good\n\xff\n", "text.txt:2: expected UTF-8"),
        ("text.txt.xz", b"no xz", "expected a complete xz file"),
    ],
)
def test_what_is_no_count_is_refused(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=problem):
        read_words(tmp_path / name)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    for name in ("none.txt", "none.json", "none.xz"):
        with pytest.raises(DataError, match="no such file"):
            read_words(tmp_path / name)
