import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.baselines.ngram_features import shared_characters

BIGRAMS = (2, 2)
TEXTS = st.text(alphabet="abcé ,1", max_size=30)


@given(TEXTS, TEXTS)
def test_shares_are_between_0_and_1_and_change_places_with_the_texts(first: str, second: str) -> None:
    shares = shared_characters(first, second, BIGRAMS)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert shared_characters(second, first, BIGRAMS).tolist() == shares[::-1].tolist()


@given(TEXTS.filter(lambda text: any(map(str.isalnum, text))))
def test_a_text_is_found_in_itself_in_any_case(text: str) -> None:
    assert shared_characters(text, text.upper(), BIGRAMS).tolist() == [1, 1]


def test_words_count_by_their_characters_and_are_found_in_spite_of_one_edit() -> None:
    assert shared_characters("the lighthouse", "a lightouse", BIGRAMS)[0] == pytest.approx(10 / 13)
    assert shared_characters("bold", "bld", BIGRAMS).tolist() == [1, 1]
    assert shared_characters("bold", "card", BIGRAMS).tolist() == [0, 0]
    assert shared_characters("", "?!", BIGRAMS).tolist() == [0, 0]


def test_words_shorter_than_an_ngram_are_compared_as_they_are() -> None:
    assert shared_characters("a bear", "a boat", (4, 5))[0] == pytest.approx(1 / 5)
