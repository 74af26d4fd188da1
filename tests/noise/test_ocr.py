from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.noise.edits import Change
from charbert.noise.mixed import CONFUSIONS
from charbert.noise.ocr import Confusion, OcrNoise, own_confusions, parse_confusions
from charbert.seeding import numpy_generator
from tests.edit_records import replay_all

WORDS = st.lists(st.text(alphabet="rnmclIo0é\u0301 ", max_size=12), max_size=20)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_each_change_is_a_row_of_the_table(words: list[str], seed: int) -> None:
    table = {(read, seen) for read, seen, _ in own_confusions()}
    corruption = OcrNoise(own_confusions()).corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    for _, operation, place, before, after in corruption.edits:
        assert operation is Change.confusion
        ends = [
            (before[place:].removesuffix(rest), after[place:].removesuffix(rest)) for rest in suffixes(before, place)
        ]
        assert table & set(ends)


def suffixes(word: str, start: int) -> list[str]:
    return [word[at:] for at in range(start, len(word) + 1)]


def test_probabilities_are_those_of_the_table() -> None:
    noise = OcrNoise((Confusion("rn", "m", 0.2), Confusion("r", "n", 0.1)))
    words = ["corn"] * 20_000
    seen = noise.corrupt(words, numpy_generator(0)).words
    shares = {word: seen.count(word) / len(words) for word in set(seen)}
    assert shares == pytest.approx({"corn": 0.7, "com": 0.2, "conn": 0.1}, abs=0.01)
    assert OcrNoise((Confusion("a", "", 1.0),)).corrupt(["a", "Ada"], numpy_generator(0)).words == ["a", "Ad"]


@given(WORDS, st.integers(0, 2**63 - 1))
def test_split_and_joined_words_hold_the_same_letters(words: list[str], seed: int) -> None:
    noise = OcrNoise((Confusion("~", "-", 1.0),), spacing=0.5)
    corruption = noise.corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    assert "".join(corruption.words).replace(" ", "") == "".join(words).replace(" ", "")
    splits = [record for record in corruption.edits if record.operation is Change.split]
    assert all(0 < record.position < len(record.before) for record in splits)


def test_a_share_of_the_longer_words_is_misread() -> None:
    noise = OcrNoise((Confusion("a", "o", 1.0),), probability=0.3, min_word_length=3)
    misread = [record.before for record in noise.corrupt(["cat", "at"] * 10_000, numpy_generator(0)).edits]
    assert set(misread) == {"cat"} and len(misread) / 10_000 == pytest.approx(0.3, abs=0.02)


def test_confusions_splits_and_joins_are_recorded_in_the_order_of_the_words() -> None:
    words = ["sands"] * 50
    noise = OcrNoise((Confusion("a", "o", 0.5), Confusion("s", "5", 0.5)), spacing=0.5)
    corruption = noise.corrupt(words, numpy_generator(0))
    assert {edit.operation for edit in corruption.edits} == {Change.confusion, Change.split, Change.joined}
    assert [edit.word_index for edit in corruption.edits] == sorted(edit.word_index for edit in corruption.edits)
    assert replay_all(words, corruption.edits) == corruption.words


def test_as_many_words_are_split_as_joined() -> None:
    noise = OcrNoise((Confusion("~", "-", 1.0),), spacing=0.2)
    edits = noise.corrupt(["ship", "sank"] * 10_000, numpy_generator(0)).edits
    split, joined = (sum(edit.operation is change for edit in edits) for change in (Change.split, Change.joined))
    assert split / 20_000 == pytest.approx(0.1, abs=0.01) and joined / 40_000 == pytest.approx(0.09, abs=0.01)


def test_words_with_vowel_signs_are_joined_too() -> None:
    noise = OcrNoise((Confusion("~", "-", 1.0),), spacing=1.0)
    edits = noise.corrupt(["हिन्दी", "की", "किताब"] * 50, numpy_generator(0)).edits
    assert sum(edit.operation is Change.joined for edit in edits) > 20


def test_the_table_that_comes_along_is_that_of_the_noise_of_pretraining() -> None:
    assert tuple((read, seen) for read, seen, _ in own_confusions()) == CONFUSIONS
    assert len(set(CONFUSIONS)) == len(CONFUSIONS) == 52
    assert all((seen, read) in CONFUSIONS for read, seen in CONFUSIONS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rn\tm\n", "t.tsv:1: expected letters, what they are taken for and a probability"),
        ("# mine\nrn\tm\tmany\n", "t.tsv:2: expected letters, what they are taken for and a probability"),
        ("rn\tm\t0\n", r"t.tsv:1: expected a probability in \(0, 1\]"),
        ("rn\tm\tnan\n", r"t.tsv:1: expected a probability in \(0, 1\]"),
        ("rn\trn\t0.1\n", "t.tsv:1: expected letters and others in their place"),
        ("\tm\t0.1\n", "t.tsv:1: expected letters and others in their place"),
        ("rn\tr n\t0.1\n", "t.tsv:1: expected letters without white space"),
        (
            "rn\tm\t0.6\n\nr\tn\t0.5\n",
            "t.tsv:3: expected probabilities of letters from 'r' on that add up",
        ),
        ("\n", "t.tsv: expected at least one confusion, got none"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_confusions(text.splitlines(), Path("t.tsv"))
