import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.text.char_vocab import CharVocab

SHARED = Path(__file__).parents[2].parent / "shared"


def test_frequent_characters_come_first_and_ties_go_to_the_lower_code_point() -> None:
    vocab = CharVocab.build(["bbb aa", "cc d"], size=7)
    assert vocab.characters[4:] == ("b", "a", "c")
    assert (vocab.pad_id, vocab.separator_id, vocab.special_id, vocab.unk_id) == (0, 1, 2, 3)


@given(st.text())
def test_encoding_gives_the_id_of_each_character(text: str) -> None:
    vocab = CharVocab.build(["Kraków 😀 naïve"], size=12)
    ids = {char: index for index, char in enumerate(vocab.characters)}
    assert vocab.encode(text).tolist() == [ids.get(char, vocab.unk_id) for char in text]
    assert vocab.encode(text).dtype == np.int32


def test_a_pickle_is_the_same_after_use() -> None:
    vocab = CharVocab.build(["Kraków"], size=12)
    pickled = pickle.dumps(vocab)
    ids = vocab.encode("Kraków").tolist()
    assert pickle.dumps(vocab) == pickled
    assert pickle.loads(pickled) == vocab and pickle.loads(pickled).encode("Kraków").tolist() == ids


def test_characters_that_have_no_id_are_counted() -> None:
    vocab = CharVocab.build(["abc"], size=7)
    assert vocab.unknown(["şabşc", "ğ", ""]) == {"ş": 2, "ğ": 1}
    assert vocab.unknown(["abc"]) == {}


def test_a_saved_vocabulary_is_read_back_as_it_was(tmp_path: Path) -> None:
    vocab = CharVocab.build(["Kraków 😀\u2028"], size=64)
    vocab.save(tmp_path / "chars.json")
    assert CharVocab.load(tmp_path / "chars.json") == vocab
    assert CharVocab.from_dict(json.loads(json.dumps(vocab.to_dict()))) == vocab


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unk_id": 99}, "unk_id must be an id in 0"),
        ({"pad_id": -1}, "pad_id must be an id in 0"),
        ({"pad_id": False}, "pad_id must be an id in 0"),
        ({"characters": ["<pad>", "<s>", "<x>", "<unk>", "a", "a"]}, "stands twice, as ids 4 and 5"),
        ({"characters": ["<pad>", "<s>", "<x>", "<unk>", "ab"]}, "id 4 must be one character"),
        ({"characters": "abcdef"}, "must be a list"),
        ({"version": 2}, "expected version 1, got 2"),
        ({"extra": 1}, "expected the fields"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(change: dict, message: str, tmp_path: Path) -> None:
    path = tmp_path / "chars.json"
    path.write_text(json.dumps(CharVocab.build(["abc"], size=8).to_dict() | change), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        CharVocab.load(path)
    assert str(path) in str(caught.value)


def test_a_vocabulary_holds_at_least_one_character() -> None:
    with pytest.raises(DataError, match="at least 5"):
        CharVocab.build(["abc"], size=4)


def test_the_released_line_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vocab"
    path.write_text(" \ne\n\n\nt\n<unk>\n", encoding="utf-8")
    vocab = CharVocab.read_released(path)
    assert vocab.encode("te x").tolist() == [4, 1, 0, 5]
    assert (vocab.pad_id, vocab.separator_id, vocab.special_id, vocab.unk_id) == (0, 0, 0, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("e\n<unk>\n", ":1: expected a single space"),
        (" \ne\n", ":2: expected <unk> on the last line"),
        (" \nee\n<unk>\n", ":2: expected one character"),
        (" \ne\na\ne\n<unk>\n", ":4: expected each character once"),
        ("", ":1: expected a single space"),
    ],
)
def test_a_released_file_of_another_layout_names_its_line(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "vocab"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        CharVocab.read_released(path)


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text(" \ne\n<unk>\n", encoding="utf-8")
    with pytest.raises(DataError, match="read_released"):
        CharVocab.load(tmp_path / "lines")
    with pytest.raises(DataError, match="no such file"):
        CharVocab.load(tmp_path / "nothing")


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the authors' vocabularies are not at hand")
@pytest.mark.parametrize(("name", "size"), [("bert_char_vocab", 1001), ("roberta_char_vocab", 1050)])
def test_the_authors_vocabularies_are_read(name: str, size: int) -> None:
    vocab = CharVocab.read_released(SHARED / "data" / "charbert_dict" / name)
    assert len(vocab) == size
    assert vocab.unk_id == size - 1


def test_lower_case_reads_each_character_as_its_lower_case_form_and_is_saved(tmp_path: Path) -> None:
    plain = CharVocab.build(["pragueé ŘřQ"], size=30)
    lower = replace(plain, lower_case=True)
    for text in ("PRAGUE", "Prague É ř Ř Q", "\u212a 灯 X 😀 İ"):  # the Kelvin sign is an upper-case k
        assert lower.encode(text).tolist() == [
            plain.encode(low if len(low := character.lower()) == 1 else character)[0] for character in text
        ]
    lower.save(tmp_path / "vocab.json")
    assert CharVocab.load(tmp_path / "vocab.json") == lower != plain
    assert "lower_case" not in plain.to_dict()
    with pytest.raises(DataError, match="lower_case must be true or false"):
        CharVocab.from_dict(plain.to_dict() | {"lower_case": "yes"})
