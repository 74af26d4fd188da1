import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import LookAlike, Place
from charbert.noise.characters import FORMS, CharacterNoise, after_invisible, digit_for, full_width
from charbert.noise.edits import Change
from charbert.seeding import numpy_generator
from charbert.text.repair.disguises import letters_like

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
    for code in range(ord(" "), 128):
        wide = full_width(chr(code))
        assert [unicodedata.normalize("NFKC", form) for form in wide] == ([chr(code)] if 32 < code < 127 else [])
    assert not any("\ufeff" in form for form in after_invisible("a"))  # lost at the beginning of a file
    plain = shown(LookAlike.invisible, "ab-1")
    assert len(plain) == 7 and "".join(c for c in plain if unicodedata.category(c) != "Cf") == "ab-1"
