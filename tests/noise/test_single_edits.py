"""The edits of a word that a search moves by: all of them, none else, each drawn sooner or later."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import Edit, Letters
from charbert.errors import SettingsError
from charbert.noise.attack import Attack
from charbert.noise.edits import apply_edit
from charbert.noise.single_edits import SingleEdits
from charbert.seeding import numpy_generator

WORDS = ["Kraków", "is", "oooo", "lovely", "in", "1984", "U.S.", "autumn"]
sentences = st.lists(st.text("abcdefghijklmnop ÄéШ-'.,19", min_size=1, max_size=9), min_size=1, max_size=6)


@given(sentences, st.booleans())
def test_an_edit_changes_one_long_word_and_keeps_its_ends(words: list[str], keep_ends: bool) -> None:
    space = SingleEdits(keep_ends=keep_ends).of(words)
    everything = list(space.all())
    assert len(everything) == space.count()
    for (edit,) in everything:
        assert edit.before == words[edit.word_index] != edit.after and len(edit.before) >= 4
        after = space.apply((edit,))
        assert [at for at, pair in enumerate(zip(words, after, strict=True)) if pair[0] != pair[1]] == [edit.word_index]
        if keep_ends:
            assert (edit.after[0], edit.after[-1]) == (edit.before[0], edit.before[-1])
        letter = edit.after[edit.position] if edit.operation not in (Edit.drop, Edit.swap) else ""
        assert apply_edit(edit.operation, edit.before, edit.position, letter) == edit.after


def test_they_are_the_edits_that_the_attack_makes() -> None:
    """Every edit of many attacks is among them, and every one of them is made by some attack."""
    words = ["harbor", "Kooks"]
    mine = {edits[0] for edits in SingleEdits(letters=Letters.lower).of(words).all()}
    rng = numpy_generator(0, "test")
    made = {edit for _ in range(5000) for edit in Attack(letters="lower").corrupt(words, rng).edits}
    assert made == mine


def test_every_edit_is_drawn_and_kinds_are_equally_frequent() -> None:
    space = SingleEdits(letters=Letters.lower).of(["harbor"])
    drawn = [edits[0] for edits in space.draw((), numpy_generator(0, "test"), 20_000)]
    assert set(drawn) == {edits[0] for edits in space.all()}
    shares = [sum(edit.operation is kind for edit in drawn) / len(drawn) for kind in SingleEdits().edits]
    assert shares == pytest.approx([0.25] * 4, abs=0.02)


def test_a_further_edit_is_of_another_word() -> None:
    space = SingleEdits().of(WORDS)
    first = space.random(1, numpy_generator(0, "test"))
    both = [*space.all(first), *space.draw(first, numpy_generator(1, "test"), 100)]
    assert len(both) == space.count(first) + 100 < space.count() + 100
    assert all(first[0] in edits and len({edit.word_index for edit in edits}) == 2 for edits in both)
    assert all(list(edits) == sorted(edits, key=lambda edit: edit.word_index) for edits in both)


def test_random_edits_are_of_as_many_words_as_can_be_edited() -> None:
    space = SingleEdits().of(WORDS)
    assert space.editable == [0, 2, 3, 7]
    assert [edit.word_index for edit in space.random(9, numpy_generator(0, "test"))] == [0, 2, 3, 7]
    assert {space.random(1, numpy_generator(seed, "test"))[0].word_index for seed in range(50)} == {0, 2, 3, 7}
    assert SingleEdits().of(["a", "U.S.", "1984"]).random(2, np.random.default_rng(0)) == ()


def test_a_word_without_an_inner_character_is_refused() -> None:
    with pytest.raises(SettingsError, match="min_word_length must leave an inner character"):
        SingleEdits(min_word_length=2)
