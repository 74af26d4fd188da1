import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from charbert.data.pretraining.word_vocab import WordVocab, count_words
from charbert.text.codepoints import capitalized_words, has_dotless_i, lower_case, upper_case

TURKISH = "İlk gün Isparta'da, ilk ışık IĞDIR'da; ISI ve ısı."


@given(st.text())
def test_lower_case_has_as_many_characters(text: str) -> None:
    assert len(lower_case(text)) == len(lower_case(text, dotless=True)) == len(text)


def test_the_two_letters_i_of_turkish_keep_their_dots_in_either_case() -> None:
    assert lower_case("İSTANBUL ve ISPARTA", dotless=True) == "istanbul ve ısparta"
    assert upper_case("istanbul ve ısparta", dotless=True) == "İSTANBUL VE ISPARTA"
    assert (lower_case("İzmir IN"), upper_case("in")) == ("izmir in", "IN")


def test_words_of_a_turkish_text_are_counted_in_turkish_lower_case() -> None:
    counts = count_words([TURKISH])
    assert (counts["ilk"], counts["ısı"], counts["iğdır"], counts["ığdır'da"]) == (2, 2, 0, 1)
    assert count_words([unicodedata.normalize("NFD", TURKISH)]) == counts
    words = WordVocab.of_counts(counts, 50)
    assert words.encode(["İlk", "ISI", "Işık"]).tolist() == words.encode(["ilk", "ısı", "ışık"]).tolist()


def test_a_turkish_name_in_an_english_text_changes_no_other_word() -> None:
    counts = count_words(["I saw Diyarbakır and İzmir. " + "It is in the east. " * 5])
    assert (counts["i"], counts["it"], counts["izmir"]) == (1, 5, 1)
    assert not has_dotless_i({})


def test_words_are_capitalized_that_mostly_begin_with_a_capital() -> None:
    counts = {"London": 1, "LONDON": 1, "london": 1, "The": 1, "the": 3, "Ships": 1, "ships": 1, ",": 1, "3": 1}
    assert capitalized_words(counts) == {"london"}
