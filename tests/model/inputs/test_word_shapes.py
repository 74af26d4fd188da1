import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.model.inputs.word_shapes import CAPITALIZED, LOWER, NUM_SHAPES, OTHER, UPPER, word_shape


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (LOWER, "ships don't b2b straße п"),
        (CAPITALIZED, "Prague I A (Hello Élan 3D"),
        (UPPER, "EU U.S. NATO-2 ПРАГА"),
        (OTHER, "McKay iPhone couGnted 1954 , 灯台 العربية"),
    ],
)
def test_shapes_by_example(shape: int, words: str) -> None:
    assert [word_shape(word) for word in words.split()] == [shape] * len(words.split())


@given(st.text(max_size=10))
def test_a_shape_depends_on_case_alone(word: str) -> None:
    assert 0 <= word_shape(word) < NUM_SHAPES
    assert word_shape(f"1-{word}.") == word_shape(word)
    assert word_shape(word.lower()) in (LOWER, OTHER)
