import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from charbert.noise.edits import Change
from charbert.noise.natural import NaturalNoise
from charbert.seeding import numpy_generator
from tests.edit_records import replay_all

MISSPELLINGS = {"their": ("thier", "there", "thier"), "received": ("recieved",), "Ada": ("Adda",), "a": ("an",)}
WORDS = st.lists(
    st.sampled_from(["their", "Their", "THEIR", "Received", "ada", "Ada", "A", "", "ship", "."]), max_size=20
)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_words_become_their_misspellings_in_their_case_and_others_stay(words: list[str], seed: int) -> None:
    noise = NaturalNoise(MISSPELLINGS)
    corruption = noise.corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    for word, after in zip(words, corruption.words, strict=True):
        assert noise.covers(word) == (after != word) == (word.lower() in ("their", "received", "a") or word == "Ada")
        known = MISSPELLINGS.get(word) or MISSPELLINGS.get(word.lower(), (word.lower(),))
        assert after.lower() in map(str.lower, known)
        assert after[:1].isupper() == word[:1].isupper()
        assert after == "An" if word == "A" else after.isupper() == word.isupper()
    assert {record.operation for record in corruption.edits} <= {Change.misspelling}


def test_turkish_words_are_found_and_misspelled_in_their_case() -> None:
    noise = NaturalNoise({"içinde": ("icinde",), "ısı": ("ıssı",), "kadın": ("kadin",), "ilk": ("ilkk",)})
    noised = noise.corrupt(["İçinde", "Isı", "ISI", "KADIN", "İLK"], numpy_generator(0)).words
    assert noised == ["İcinde", "Issı", "ISSI", "KADİN", "İLKK"]


def test_decomposed_words_are_found() -> None:
    words = [unicodedata.normalize("NFD", word) for word in ("Şehir", "Çankırı")]
    noised = NaturalNoise({"şehir": ("şehri",), "Çankırı": ("Çankiri",)}).corrupt(words, numpy_generator(0)).words
    assert noised == ["Şehri", "Çankiri"]


def test_a_misspelling_is_drawn_as_often_as_it_is_listed() -> None:
    noised = NaturalNoise(MISSPELLINGS, probability=0.6).corrupt(["their"] * 20_000, numpy_generator(0)).words
    assert abs(noised.count("thier") / 20_000 - 0.4) < 0.02
    assert abs(noised.count("there") / 20_000 - 0.2) < 0.02
