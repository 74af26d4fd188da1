from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import Edit, apply_edit, pick
from charbert.noise.keyboard import KEY_NEIGHBORS, key_neighbors
from charbert.noise.stop_words import ENGLISH_STOP_WORDS


def test_the_four_edits_by_example() -> None:
    assert apply_edit(Edit.drop, "typo", 1) == "tpo"
    assert apply_edit(Edit.add, "typo", 1, "x") == "txypo"
    assert apply_edit(Edit.swap, "typo", 1) == "tpyo"
    assert apply_edit(Edit.keyboard, "typo", 1, "u") == "tupo"


@given(st.text(min_size=2), st.data())
def test_drop_undoes_add_and_swap_undoes_itself(word: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(word) - 2))
    assert apply_edit(Edit.drop, apply_edit(Edit.add, word, position, "x"), position) == word
    assert apply_edit(Edit.swap, apply_edit(Edit.swap, word, position), position) == word
    assert apply_edit(Edit.keyboard, apply_edit(Edit.keyboard, word, position, "x"), position, word[position]) == word


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 10**6))
def test_a_choice_stays_in_range(draw: float, count: int) -> None:
    assert 0 <= pick(draw, count) < count


def test_keyboard_neighbors_are_never_the_key_itself() -> None:
    assert sorted(KEY_NEIGHBORS) == [chr(code) for code in range(ord("a"), ord("z") + 1)]
    for key, neighbors in KEY_NEIGHBORS.items():
        assert key not in neighbors
        assert len(set(neighbors)) == len(neighbors)
        assert key_neighbors(key.upper()) == neighbors
    assert key_neighbors("7") == key_neighbors("é") == ""


def test_stop_words_are_lower_case_function_words() -> None:
    assert len(ENGLISH_STOP_WORDS) == 179
    assert {"the", "through", "shouldn't", "ourselves", "ll"} <= ENGLISH_STOP_WORDS
    assert all(word == word.lower() for word in ENGLISH_STOP_WORDS)


@pytest.mark.parametrize(
    ("probability", "edits", "length", "names"),
    [
        (1.5, (Edit.drop,), 4, r"attack\.probability"),
        (1.0, (), 4, r"attack\.edits"),
        (1.0, (Edit.drop, Edit.drop), 4, r"attack\.edits"),
        (1.0, ("drop",), 4, r"attack\.edits"),
        (1.0, (Edit.drop,), 2, r"attack\.min_word_length"),
    ],
)
def test_a_setting_out_of_range_is_named(probability: float, edits: tuple[Edit, ...], length: int, names: str) -> None:
    with pytest.raises(SettingsError, match=names):
        Attack(edits, length, probability=probability)
