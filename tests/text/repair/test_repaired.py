import numpy as np
import pytest

from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules
from charbert.text.repair.repaired import RepairedTexts
from charbert.text.text_batch import TextBatch

CORRECTOR = DictionaryCorrector({"lighthouse": 5, "keeper": 9, "counted": 7, "ships": 20}, DictionaryRules())
GIVEN = "The lighthuose-keper  conuted sships!"


def test_what_is_not_corrected_keeps_its_places() -> None:
    repaired = RepairedTexts.of(TextBatch.of(["no typos", ""], ["in here", "x"]), CORRECTOR)
    assert (repaired.texts.first, repaired.texts.second) == (["no typos", ""], ["in here", "x"])
    assert repaired.origins.tolist() == [*range(9), 0, *range(8), 0, 1]


def test_every_place_of_a_repaired_text_is_one_of_the_given_text_in_the_same_order() -> None:
    repaired = RepairedTexts.of(TextBatch.of(GIVEN), CORRECTOR)
    (text,) = repaired.texts.first
    assert text == "The lighthouse-keeper  counted ships!"
    assert len(repaired.origins) == len(text) + 1
    assert (np.diff(repaired.origins) >= 0).all()
    assert (repaired.origins[0], repaired.origins[-1]) == (0, len(GIVEN))


@pytest.mark.parametrize(
    ("given", "origins"), [("sships", [0, 1, 3, 4, 5, 6]), ("lithouse", [0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8])]
)
def test_the_beginning_of_a_repaired_word_is_where_it_was_and_the_rest_is_counted_from_the_end(
    given: str, origins: list[int]
) -> None:
    corrector = DictionaryCorrector({"lighthouse": 5, "ships": 20}, DictionaryRules(max_edits=2))
    assert RepairedTexts.of(TextBatch.of(given), corrector).origins.tolist() == origins


@pytest.mark.parametrize(
    ("word", "source"), [("lighthouse-keeper", "lighthuose-keper"), ("counted", "conuted"), ("ships", "sships")]
)
def test_a_repaired_word_has_the_characters_that_were_given_for_it(word: str, source: str) -> None:
    repaired = RepairedTexts.of(TextBatch.of(["x", GIVEN]), CORRECTOR)
    begin = repaired.texts.first[1].index(word)
    places = repaired.given_places(np.array([1, 1]), np.array([begin, begin + len(word)]))
    assert GIVEN[places[0] : places[1]] == source


def test_a_word_without_its_invisible_characters_has_the_characters_that_were_given_for_it() -> None:
    given = "the k\u200beeper counte\u00add ships"
    repaired = RepairedTexts.of(TextBatch.of([given]), CORRECTOR)
    (text,) = repaired.texts.first
    assert text == "the keeper counted ships"
    for word, source in [("keeper", "k\u200beeper"), ("counted", "counte\u00add"), ("ships", "ships")]:
        begin = text.index(word)
        places = repaired.given_places(np.array([0, 0]), np.array([begin, begin + len(word)]))
        assert given[places[0] : places[1]] == source


def test_lists_of_words_keep_their_number() -> None:
    repaired = RepairedTexts.of(TextBatch.of([["kepeer", "of"], []], is_split_into_words=True), CORRECTOR)
    assert repaired.texts.first == [["keeper", "of"], []]
    assert repaired.origins.tolist() == [*range(7), *range(3)]
    assert RepairedTexts.of(TextBatch.of([[]], is_split_into_words=True), CORRECTOR).texts.first == [[]]


def test_of_what_is_kept_the_longest_is_found() -> None:
    repaired = RepairedTexts.of(TextBatch.of("[K] keper kepeer"), CORRECTOR, {"[K]": 4, "[K] keper": 5})
    assert repaired.texts.first == ["[K] keper keeper"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("the [KEPER] kepeer", "the [KEPER] keeper"),
        ("kepeer[keper] of <KEPEER>", "keeper[keper] of <KEPEER>"),
        ("[KEPER]", "[KEPER]"),
    ],
)
def test_what_is_kept_stays_as_it_is_in_texts_and_words(given: str, read: str) -> None:
    kept = {"[KEPER]": 4, "<KEPEER>": 5}
    assert RepairedTexts.of(TextBatch.of([given]), CORRECTOR).texts.first != [given]
    assert RepairedTexts.of(TextBatch.of([given]), CORRECTOR, kept).texts.first == [read]
    if "r[" not in given:
        words = TextBatch.of(given.split(), is_split_into_words=True)
        assert RepairedTexts.of(words, CORRECTOR, kept).texts.first == [read.split()]
