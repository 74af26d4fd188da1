from pathlib import Path

import pytest

from charbert.data.readers.misspellings import read_misspellings
from charbert.errors import DataError

GITHUB = (
    '{"edits": [{"src": {"text": "We recieve all teh mail."}, "tgt": {"text": "We receive all the mail."}}]}\n'
    '{"edits": [{"src": {"text": "Teh end"}, "tgt": {"text": "The end"}, "is_typo": true}, '
    '{"src": {"text": "old name"}, "tgt": {"text": "new name"}, "is_typo": false}]}\n'
    '{"edits": [{"src": {"text": "in side it"}, "tgt": {"text": "inside it"}}, '
    '{"src": {"text": "foo bar baz"}, "tgt": {"text": "one two baz"}}, '
    '{"src": {"text": "see it becuase"}, "tgt": {"text": "see it because"}}]}\n'
)


def written(folder: Path, text: str) -> Path:
    path = folder / "list"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "misspellings"),
    [
        (
            "$their\r\nthier\r\nther 12\r\n$a_lot\nalot\n$about\na_bout\nabaut\n",
            {"their": ["thier", "ther"], "about": ["abaut"]},
        ),
        (
            "acommodate->accommodate\nthier->their, there\n",
            {"accommodate": ["acommodate"], "their": ["thier"], "there": ["thier"]},
        ),
        ("recieve\treceive\n\nşehır\tşehir\n", {"receive": ["recieve"], "şehir": ["şehır"]}),
        ("s\u0327eh\u0131r\ts\u0327ehir\ns\u0327ehir\tşehir\n", {"şehir": ["şehır"]}),
        (
            '{"edits": [{"src": {"text": "मुझे हिनदी पसंद"}, "tgt": {"text": "मुझे हिन्दी पसंद"}}]}\n',
            {"हिन्दी": ["हिनदी"]},
        ),
        (GITHUB, {"receive": ["recieve"], "the": ["teh"], "The": ["Teh"], "because": ["becuase"]}),
    ],
)
def test_each_form_of_a_list_is_read(text: str, misspellings: dict[str, list[str]], tmp_path: Path) -> None:
    assert read_misspellings(written(tmp_path, text)) == misspellings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "list: expected a list of misspellings: .*, got no misspelling of a single word"),
        ("word\n", "list:1: expected a list of misspellings: .*, got 'word'"),
        ("a->b\nc\n", "list:2: expected a misspelling, -> and the word, got 'c'"),
        ("a\tb\nc\td\te\n", "list:2: expected a misspelling, a tab and the word"),
        ("$their\nthier\n$\n", r"list:3: expected a word after \$"),
        ("$their\nthier->their\n", r"list:2: expected \$ and a word, or a misspelling of it"),
        ("$a_lot\nalot\n", "list: expected .*, got no misspelling of a single word"),
        ('{"edits": []}\n{"edits": [{"src": 1}]}\n', 'list:2: expected JSON with "edits"'),
        ('{"edits": [{"src": {"text": 1}, "tgt": {"text": "a"}}]}\n', 'list:1: expected JSON with "edits"'),
        ('{"edits": [\n', 'list:1: expected JSON with "edits"'),
    ],
)
def test_a_bad_list_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_misspellings(written(tmp_path, text))


def test_a_list_that_is_not_utf_8_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"caf\xe9\tcafe\n")
    with pytest.raises(DataError, match=r"list:1: expected UTF-8 text"):
        read_misspellings(tmp_path / "list")
    with pytest.raises(DataError, match=r"none: expected a list of misspellings: .*, got no such file"):
        read_misspellings(tmp_path / "none")
