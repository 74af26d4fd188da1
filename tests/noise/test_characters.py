import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import LookAlike, Place
from charbert.noise.characters import CharacterNoise
from charbert.noise.edits import Change
from charbert.noise.homoglyphs import FORMS, letters_like
from charbert.noise.leet import digit_for
from charbert.seeding import numpy_generator

WORDS = st.lists(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("aeİşlo9")), max_size=12), max_size=20)
ALL_FORMS = {**FORMS, "leet": digit_for}


def noise_of(kind: object, edits: int = 1, place: Place = Place.any) -> CharacterNoise:
    return CharacterNoise(ALL_FORMS[kind], Change.look_alike, edits_per_word=edits, place=place)  # type: ignore[index]


@given(WORDS, st.sampled_from(sorted(ALL_FORMS, key=str)), st.integers(1, 4), st.integers(0, 2**63 - 1))
def test_as_many_characters_change_as_asked_for_where_there_are_so_many(
    words: list[str], kind: object, edits: int, seed: int
) -> None:
    forms = ALL_FORMS[kind]  # type: ignore[index]
    noised = noise_of(kind, edits).corrupt(words, numpy_generator(seed)).words
    for before, after in zip(words, noised, strict=True):
        possible = sum(bool(forms(character)) for character in before)
        assert len(differing(before, after, forms)) == min(edits, possible)


def differing(before: str, after: str, forms: object) -> list[int]:
    """Return the places of changed characters; each is followed by what was after it."""
    places, at = [], 0
    for place, character in enumerate(before):
        form = next((form for form in forms(character) if after.startswith(form, at)), character)  # type: ignore[operator]
        assert after.startswith(form, at)
        places += [place] * (form != character)
        at += len(form)
    assert at == len(after)
    return places


@pytest.mark.parametrize(("place", "places"), [(Place.any, {0, 1, 2, 3}), (Place.inner, {1, 2}), (Place.first, {0})])
def test_the_place_of_the_change_is_kept_to(place: Place, places: set[int]) -> None:
    noised = noise_of(LookAlike.letter, 1, place).corrupt(["aeao"] * 500, numpy_generator(0)).words
    assert {at for word in noised for at in differing("aeao", word, letters_like)} == places


def test_look_alikes_are_letters_of_other_alphabets_in_the_same_case() -> None:
    found = {letter: letters_like(letter) for letter in "aecopxyABEHKMOPTXiа"}
    assert all(found.values())
    for letter, alike in found.items():
        for other in alike:
            assert unicodedata.category(other) == unicodedata.category(letter)
            assert unicodedata.name(other).split()[0] != unicodedata.name(letter).split()[0]
    assert "\u0430" in found["a"] and found["\u0430"] == ["a"]  # Cyrillic a and Latin a
    assert letters_like("1") == letters_like("ğ") == []


def test_the_other_disguises_by_example() -> None:
    def shown(kind: object, word: str) -> str:
        return noise_of(kind, 100).corrupt([word], numpy_generator(0)).words[0]

    assert shown(LookAlike.full_width, "No. 5, şu") == "Ｎｏ． ５， şｕ"
    assert shown("leet", "Lotus-37") == "107u5-37"
    assert [unicodedata.category(character)[0] for character in shown(LookAlike.mark, "ab1")] == [
        "L",
        "M",
        "L",
        "M",
        "N",
    ]
    plain = shown(LookAlike.invisible, "ab-1")
    assert len(plain) == 7 and "".join(c for c in plain if unicodedata.category(c) != "Cf") == "ab-1"
