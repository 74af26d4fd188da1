from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import CaseForm
from charbert.noise.case import CaseNoise
from charbert.noise.edits import Change
from charbert.seeding import numpy_generator
from tests.edit_records import replay_all

WORDS = st.lists(st.text(max_size=12), max_size=20)


@given(WORDS, st.sampled_from(CaseForm), st.floats(0, 1), st.integers(0, 2**63 - 1))
def test_only_the_case_of_letters_changes(words: list[str], form: CaseForm, share: float, seed: int) -> None:
    noise = CaseNoise(form, probability=share)
    corruption = noise.corrupt(words, numpy_generator(seed))
    assert corruption == noise.corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    assert {record.operation for record in corruption.edits} <= {Change.case}
    for before, after in zip(words, corruption.words, strict=True):
        assert _folded(before) == _folded(after)


def _folded(word: str) -> str:
    return word.upper().lower().casefold().replace("i\u0307", "i")


def test_each_form_by_example() -> None:
    words = ["The", "USA's", "Straße", "ılık"]
    forms = {form.name: CaseNoise(form).corrupt(words, numpy_generator(0)).words for form in CaseForm}
    assert forms == {
        "upper": ["THE", "USA'S", "STRASSE", "ILIK"],
        "lower": ["the", "usa's", "straße", "ılık"],
        "title": ["The", "Usa's", "Straße", "Ilık"],
        "alternating": ["tHe", "uSa's", "sTrAßE", "ıLıK"],
    }


def test_each_form_of_turkish_words_by_example() -> None:
    words = ["İstanbul'da", "ISPARTA", "ığdır", "ilk"]
    forms = {form.name: CaseNoise(form, dotless=True).corrupt(words, numpy_generator(0)).words for form in CaseForm}
    assert forms == {
        "upper": ["İSTANBUL'DA", "ISPARTA", "IĞDIR", "İLK"],
        "lower": ["istanbul'da", "ısparta", "ığdır", "ilk"],
        "title": ["İstanbul'da", "Isparta", "Iğdır", "İlk"],
        "alternating": ["iStAnBuL'Da", "ıSpArTa", "ıĞdIr", "iLk"],
    }
    assert CaseNoise(CaseForm.lower).corrupt(["İstanbul"], numpy_generator(0)).words == ["istanbul"]


def test_a_share_of_the_longer_words_is_changed() -> None:
    words = ["word", "of"] * 10_000
    noise = CaseNoise(CaseForm.upper, probability=0.3, min_word_length=4)
    changed = [record.before for record in noise.corrupt(words, numpy_generator(0)).edits]
    assert set(changed) == {"word"} and abs(len(changed) / 10_000 - 0.3) < 0.02
