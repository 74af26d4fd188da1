import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.noise.characters import FORMS, digit_for
from charbert.text.repair.disguises import INVISIBLE, hidden_places, letters_like, undisguised, without_digits

WORDS = ("Japan", "naïve", "Διεθνής", "Петербург", "İstanbul'da", "U.S.", "Wi-Fi", "3rd", "Հայաստան")


@pytest.mark.parametrize(
    "word", [*WORDS, "IP-адрес", "Δt", "o\u0430", "日本", "می‌خواهم", "ក\u200bខ", "👩\u200d🚀", "", "東京tower"]
)
def test_a_word_that_is_not_disguised_stays(word: str) -> None:
    assert undisguised(word) == word


@given(st.sampled_from(WORDS), st.data())
def test_invisible_characters_anywhere_in_a_word_are_removed(word: str, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([place for place, sign in enumerate(word) if sign.isalnum()]))
    hidden = data.draw(st.text(INVISIBLE, min_size=1, max_size=3))
    given_word = word[:at] + hidden + word[at:]
    assert undisguised(given_word) == word
    assert hidden_places(f" {given_word} x") == [1 + at + place for place in range(len(hidden))]


def test_a_long_run_of_invisible_characters_takes_linear_time() -> None:
    run = "\u200b" * 20_000
    for text, hidden in ((f"日{run}本", False), (f"a{run}日", True), (f"日{run}a", True), (run, False)):
        begin = time.process_time()
        places = hidden_places(text)
        assert time.process_time() - begin < 1
        assert len(places) == (len(run) if hidden else 0)


@pytest.mark.parametrize("disguise", ["letter", "full_width"])
def test_a_word_with_a_disguised_letter_is_read_as_the_word(disguise: str) -> None:
    forms_of = next(forms for kind, forms in FORMS.items() if kind.name == disguise)
    word = "Copenhagen"
    read = [
        undisguised(word[:at] + form + word[at + 1 :]) for at, letter in enumerate(word) for form in forms_of(letter)
    ]
    assert len(read) > 9 and set(read) == {word}


@pytest.mark.parametrize(
    "form, word", [("\ufb01nd", "find"), ("\ufb02oor", "floor"), ("O\ufb03cial", "Official"), ("wa\ufb04e", "waffle")]
)
def test_a_ligature_is_read_as_its_letters(form: str, word: str) -> None:
    assert undisguised(form) == word


@given(st.sampled_from(["lighthouse", "visitors", "received", "copenhagen"]), st.data())
def test_a_word_with_digits_for_letters_may_be_the_word(word: str, data: st.DataObject) -> None:
    at = data.draw(
        st.sets(st.sampled_from([place for place, letter in enumerate(word) if digit_for(letter)]), min_size=1)
    )
    form = "".join(digit_for(letter)[0] if place in at else letter for place, letter in enumerate(word))
    assert word in without_digits(form)


@pytest.mark.parametrize(
    "form", ["1987", "10th", "50km", "F16", "covid", "14v4", "G7", "3d", "", "1-a0b", "o" + "1" * 9 + "k"]
)
def test_a_number_is_no_word(form: str) -> None:
    assert without_digits(form) == []


def test_look_alikes_are_letters_of_other_alphabets_in_the_same_case() -> None:
    found = {letter: letters_like(letter) for letter in "aecopxyABEHKMOPTXiа"}
    assert all(found.values())
    for letter, alike in found.items():
        for other in alike:
            assert unicodedata.category(other) == unicodedata.category(letter)
            assert unicodedata.name(other).split()[0] != unicodedata.name(letter).split()[0]
    assert "\u0430" in found["a"] and found["\u0430"] == ["a"]  # Cyrillic a and Latin a
    assert letters_like("1") == letters_like("ğ") == []
    assert letters_like("l") == []  # Greek and Cyrillic capitals look like it
