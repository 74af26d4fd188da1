from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import KEY_EDITS, Layout
from charbert.errors import SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import Change, Edit, apply_edit, changed_word, pick
from charbert.noise.keyboard import COUNTED_NEIGHBORS, LATIN_NEIGHBORS, key_neighbors
from charbert.noise.stop_words import ENGLISH_STOP_WORDS
from tests.edit_records import replay


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


@pytest.mark.parametrize(
    ("word", "after", "position"),
    [("harbor", "habor", 2), ("their", "the", 3), ("the", "them", 3), ("the", "there", 3), ("Rom", "rom", 0)],
)
def test_a_change_is_at_the_first_character_that_differs(word: str, after: str, position: int) -> None:
    record = changed_word(0, Change.misspelling, word, after)
    assert record.position == position
    assert replay(record) == after


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 10**6))
def test_a_choice_stays_in_range(draw: float, count: int) -> None:
    assert 0 <= pick(draw, count) < count


@pytest.mark.parametrize("edit", KEY_EDITS)
def test_neighbors_are_never_the_key_itself_and_only_letters_have_any(edit: Edit) -> None:
    for key in ascii_lowercase:
        neighbors = key_neighbors(key, edit)
        assert neighbors
        assert key not in neighbors
        assert len(set(neighbors)) == len(neighbors)
        assert key_neighbors(key.upper(), edit) == neighbors
    assert key_neighbors("7", edit) == key_neighbors("é", edit) == ""


def test_adjacent_keys_touch_on_qwerty_and_are_not_those_counted_on_the_attacked_set() -> None:
    latin = LATIN_NEIGHBORS[Layout.qwerty]
    assert [latin[key] for key in "qgpm"] == ["aw", "bfhtvy", "lo", "jkn"]
    assert all(key in latin[other] for key, neighbors in latin.items() for other in neighbors)  # touching is mutual
    assert key_neighbors("k", Edit.adjacent_key) == "ijlmo"
    assert key_neighbors("k", Edit.keyboard) == ",ijlmo"
    assert sum(latin[key] != COUNTED_NEIGHBORS[key] for key in ascii_lowercase) > 10


@pytest.mark.parametrize(
    ("layout", "neighbors"),
    [
        (Layout.qwertz, {"Z": "ghtu", "y": "asx", "ö": "lpäü", "Ä": "öü"}),
        (Layout.azerty, {"a": "qz", "W": "qsx", "m": "lp"}),
        (Layout.turkish_q, {"ı": "jkou", "I": "jkou", "İ": "üğş", "i": "üğş", "Ş": "ilpçğ", "ç": "löş"}),
    ],
)
def test_each_keyboard_has_neighbors_of_its_own(layout: Layout, neighbors: dict[str, str]) -> None:
    assert {key: key_neighbors(key, Edit.adjacent_key, layout) for key in neighbors} == neighbors
    keys = LATIN_NEIGHBORS[layout]
    assert all(key in keys[other] for key, near in keys.items() for other in near)  # touching is mutual


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
