import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.errors import DataError
from charbert.text.words import replace_words, split_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She didn't pay $1,250.75!", ["She", "didn't", "pay", "$", "1,250.75", "!"]),
        ("U.S. and U.K. at 10:30 a.m.", ["U.S.", "and", "U.K.", "at", "10:30", "a.m."]),
        ("the 3rd-generation of mail.org.", ["the", "3rd-generation", "of", "mail.org", "."]),
        ("a well\u2010known co\u2011op of the U.S.A", ["a", "well\u2010known", "co\u2011op", "of", "the", "U.S.A"]),
        ("'quoted' end...", ["'", "quoted", "'", "end", ".", ".", "."]),
        ("cafe\u0301s हिन्दी", ["cafe\u0301s", "हिन्दी"]),
        ("東京 😀 葛\U000e0100城", ["東京", "😀", "葛\U000e0100城"]),
        ("a_b", ["a", "_", "b"]),
        ("", []),
        (" \t\u3000\n", []),
    ],
)
def test_words_are_those_a_newspaper_reader_sees(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert [text[start:end] for start, end in split_words(text)] == words


@given(st.text())
def test_spans_cover_exactly_what_is_not_white_space(text: str) -> None:
    covered = {index for start, end in split_words(text) for index in range(start, end)}
    assert covered == {index for index, char in enumerate(text) if not char.isspace()}
    assert all(start < end for start, end in split_words(text))


@given(st.text(), st.randoms(use_true_random=False))
def test_replaced_words_stand_where_the_new_spans_say(text: str, random) -> None:
    spans = split_words(text)
    words = [text[start:end] * random.randrange(3) for start, end in spans]
    new_text, new_spans = replace_words(text, spans, words)
    assert [new_text[start:end] for start, end in new_spans] == words
    assert replace_words(new_text, new_spans, [text[start:end] for start, end in spans]) == (text, spans)


@pytest.mark.parametrize(
    ("spans", "words"), [([(0, 2)], []), ([(0, 2), (1, 3)], ["a", "b"]), ([(0, 9)], ["a"]), ([(2, 1)], ["a"])]
)
def test_spans_that_do_not_fit_the_text_are_refused(spans: list[tuple[int, int]], words: list[str]) -> None:
    with pytest.raises(DataError):
        replace_words("abcd", spans, words)


def test_a_long_text_is_split_in_linear_time() -> None:
    text = "a." * 50_000 + "-'" * 50_000 + "e\u0301" * 50_000
    assert len(split_words(text)) > 50_000
