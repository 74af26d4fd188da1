"""Words of raw text, as the training file of a tagger shows them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.text.word_rule import WordRule
from charbert.text.words import split_words


def cut(rule: WordRule, text: str) -> list[str]:
    return [text[start:end] for start, end in rule.spans(text)]


def learn(*sentences: str) -> WordRule:
    return WordRule.learn([sentence.split() for sentence in sentences])


@given(st.text(st.sampled_from("aZé'’-.,:/@ \n\u0301!?1中の")))
def test_a_model_without_a_rule_cuts_words_as_before(text: str) -> None:
    assert WordRule.of(None).spans(text) == split_words(text)


@pytest.mark.parametrize("unit", ["text", "spaces", "unsegmented", "characters"])
@given(st.text(st.sampled_from("aZé'’-.,:/@ \n\u0301!?1中のहि")))
def test_every_character_but_white_space_is_in_one_word(unit: str, text: str) -> None:
    rule = WordRule(unit, True, ("'a", "a'"), ("...", "a'a", "!!!", "0/0"), True)
    spans = rule.spans(text)
    assert all(start < end for start, end in spans)
    assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
    assert sorted(spans) == spans


def test_words_with_their_punctuation_are_what_stands_between_spaces() -> None:
    rule = learn("Anna, who left, lives in Lisbon.", "Nobody knows why!")
    assert rule == WordRule("spaces")
    assert cut(rule, "Ada lives in Rome, too.") == ["Ada", "lives", "in", "Rome,", "too."]


def test_detached_punctuation_is_detached() -> None:
    rule = learn("Anna , who left , lives in Lisbon .", "Nobody knows why !")
    assert rule.unit == "text"
    assert cut(rule, "Ada lives in Rome, too.") == ["Ada", "lives", "in", "Rome", ",", "too", "."]


def test_clitics_are_words_where_they_are_in_training() -> None:
    rule = learn(*["She did n't see Anna 's o'clock"] * 2, *["It was n't Rome 's"] * 2)
    assert rule.clitics == ("'s", "n't")
    assert cut(rule, "He didn't see Rome's o'clock.") == ["He", "did", "n't", "see", "Rome", "'s", "o'clock", "."]
    assert cut(rule, "Anna 's") == ["Anna", "'s"]
    french = learn(*["l' homme d' or"] * 2)
    assert cut(french, "L'homme d'avant") == ["L'", "homme", "d'", "avant"]
    assert cut(learn(*["She didn't see Anna"] * 3), "didn't") == ["didn't"]


def test_hyphens_are_cut_where_training_cuts_them() -> None:
    assert cut(learn(*["a search - engine and an e-mail"] * 3, "it is well - known"), "well-known e-mail") == [
        "well", "-", "known", "e-mail",
    ]  # fmt: skip
    assert cut(learn("a well-known search-engine", "SOCCER - Rome won"), "well-known") == ["well-known"]


def test_words_that_would_be_cut_are_kept_by_their_shape() -> None:
    rule = learn(*["He left ... 1/2 at 22/11/96 :-) and paid C$ !!!!!"] * 2)
    assert cut(rule, "Well... 3/4 on 10/01/97 :-) C$5 !!!!!!!!!") == [
        "Well", "...", "3/4", "on", "10/01/97", ":-)", "C$", "5", "!!!!!!!!!",
    ]  # fmt: skip
    assert "22/11/96" not in rule.kept
    assert learn(*["ann@example.org lives 4 ann@example.org"] * 3).kept == ()


def test_a_shape_that_is_cut_more_often_than_not_is_not_kept() -> None:
    assert cut(learn(*["it 's on"] * 5, *["it's on"] * 2), "it's") == ["it", "'s"]


def test_addresses_are_one_word_where_training_has_them() -> None:
    text = "see (https://example.org/a?b=c), ann@example.org."
    rule = learn("see https://example.org/page .", "ann , see https://example.org .")
    assert cut(rule, text) == ["see", "(", "https://example.org/a?b=c", ")", ",", "ann@example.org", "."]
    assert "https" in cut(learn("see the page .", "ann , see it ."), text)


def test_words_of_one_character_are_found_in_scripts_without_spaces() -> None:
    rule = learn("安 娜 住 在 里 斯 本 。", "她 用 iPhone 打 电 话 。")
    assert rule.unit == "unsegmented"
    assert cut(rule, "她住在Lisbon, 2 年。") == ["她", "住", "在", "Lisbon", ",", "2", "年", "。"]
    assert learn("安 娜 住 在 A B 。").unit == "characters"
    assert cut(learn("安 娜 住 在 A B 。"), "娜AB 2") == ["娜", "A", "B", "2"]


def test_words_of_several_characters_in_such_scripts_stand_between_spaces() -> None:
    rule = learn("安娜 住在 里斯本 。", "她 喜欢 咖啡 。")
    assert rule.unit == "spaces"
    assert rule.is_unsegmented(["安娜住在"])
    assert not WordRule.is_unsegmented(["Anna lives 住"])


def test_the_share_of_sentences_that_a_rule_cuts_alike() -> None:
    sentences = [["well-known", "."], ["it", "is"], ["did", "n't"], ["3", "-", "4"]]
    assert WordRule(cut_at_hyphens=True).share_cut_alike(sentences) == 0.75
    assert WordRule("spaces").share_cut_alike(sentences) == 1
    assert WordRule().share_cut_alike([]) == 0


def test_devanagari_words_keep_their_vowel_signs() -> None:
    rule = learn("अन्ना लिस्बन में रहती है ।", "वह कॉफ़ी पीती है ।")
    assert cut(rule, "अन्ना लिस्बन में है।") == ["अन्ना", "लिस्बन", "में", "है", "।"]


def test_a_rule_is_the_same_after_saving() -> None:
    rule = learn(*["She did n't ... search - engine"] * 2)
    assert WordRule.of(rule.to_dict()) == rule
    assert cut(WordRule.of({"clitics": ["", "'s"]}), "Anna's") == ["Anna", "'s"]
    assert cut(WordRule.of({"clitics": ["'da"]}), "İstanbul'da") == ["İstanbul", "'da"]
    for damaged in ({"unit": "none"}, {"other": 1}):
        with pytest.raises(ValueError, match="expected a rule for words"):
            WordRule.of(damaged)


@pytest.mark.parametrize("chunk", ["a", "'", "a'", "-", "a-", "!", "a@", "中", "www.", "http://", "a@b.c,"])
def test_a_long_text_without_spaces_takes_linear_time(chunk: str) -> None:
    rule = WordRule("unsegmented", True, ("'a", "a'"), ("...", "a'a", "!!!"), True)
    started = time.process_time()
    rule.spans(chunk * (40_000 // len(chunk)))
    assert time.process_time() - started < 2
