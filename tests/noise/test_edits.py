from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError, SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import (
    Edit,
    EditRecord,
    add_character,
    drop_character,
    pick,
    replace_character,
    replay,
    swap_characters,
)
from charbert.noise.keyboard import KEY_NEIGHBORS, key_neighbors
from charbert.noise.stop_words import ENGLISH_STOP_WORDS


def test_the_four_edits_by_example() -> None:
    assert drop_character("typo", 1) == "tpo"
    assert add_character("typo", 1, "x") == "txypo"
    assert swap_characters("typo", 1) == "tpyo"
    assert replace_character("typo", 1, "u") == "tupo"


@given(st.text(min_size=2), st.data())
def test_drop_undoes_add_and_swap_undoes_itself(word: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(word) - 2))
    assert drop_character(add_character(word, position, "x"), position) == word
    assert swap_characters(swap_characters(word, position), position) == word
    assert replace_character(replace_character(word, position, "x"), position, word[position]) == word


def test_a_record_replays_each_edit() -> None:
    afters = {Edit.drop: "tpo", Edit.add: "txypo", Edit.swap: "tpyo", Edit.keyboard: "tupo"}
    for operation, after in afters.items():
        assert replay(EditRecord(0, operation, 1, "typo", after)) == after


@pytest.mark.parametrize(("operation", "position"), [(Edit.drop, 4), (Edit.swap, 3), (Edit.add, -1)])
def test_a_position_outside_the_word_is_refused(operation: Edit, position: int) -> None:
    with pytest.raises(DataError, match="outside 'typo'"):
        replay(EditRecord(0, operation, position, "typo", "tpo"))


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 10**6))
def test_a_choice_stays_in_range(draw: float, count: int) -> None:
    assert 0 <= pick(draw, count) < count


def test_keyboard_neighbours_are_never_the_key_itself() -> None:
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
