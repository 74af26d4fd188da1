"""Noise in texts that are not English."""

import unicodedata

import pytest

from charbert.config.data.noise import KEY_EDITS, TRAINING_EDITS
from charbert.noise.attack import Attack
from charbert.noise.edits import Edit
from charbert.noise.keyboard import LAYOUT_NEIGHBORS, key_neighbors
from charbert.noise.nlm import NlmNoise
from charbert.noise.scripts import LATIN, TextScript
from charbert.seeding import numpy_generator

TEXTS = {
    "CYRILLIC": "Старый смотритель маяка насчитал семь кораблей перед завтраком",
    "GREEK": "Ένας παλιός φαροφύλακας μέτρησε επτά καράβια πριν φάει",
    "ARABIC": "استمع الحارس القديم إلى أصوات السفن البعيدة قبل الفجر",
    "HEBREW": "שומר המגדלור הזקן ספר שבע אוניות לפני ארוחת הבוקר",
    "DEVANAGARI": "प्रकाशस्तंभ के पुराने पहरेदार ने नाश्ते से पहले सात जहाज़ गिने",
    "GEORGIAN": "შუქურის მოხუცმა მცველმა საუზმემდე შვიდი გემი დათვალა",
    "BENGALI": "বাতিঘরের পুরনো পাহারাদার সকালের আগে সাতটি জাহাজ গুনেছিল",
    "CJK": "老灯塔看守人早餐前数了七艘船 他们都来自北方港口",
}


@pytest.mark.parametrize("name", TEXTS)
def test_inserted_and_replaced_letters_are_of_the_script_of_the_text(name: str) -> None:
    words = TEXTS[name].split() * 30
    assert TextScript.of(words).name == name
    for noise in (Attack(), NlmNoise(probability=1, edits=TRAINING_EDITS)):
        corruption = noise.corrupt(words, numpy_generator(0))
        done = {record.operation for record in corruption.edits}
        assert done == set(noise.edits)
        assert all(record.before != record.after for record in corruption.edits)
        new = [
            record.after[record.position]
            for record in corruption.edits
            if record.operation in (Edit.add, *KEY_EDITS) and record.after[record.position].isalpha()
        ]
        assert {unicodedata.name(letter).split()[0] for letter in new} == {name}
        long = sum(len(word) >= 4 for word in words)
        assert len(corruption.edits) / long > 0.8


def test_a_word_in_latin_letters_gets_latin_ones_in_a_text_of_another_script() -> None:
    words = ["Вчера", "Müller", "встретил", "Łódź,"] * 30
    for record in Attack((Edit.add,)).corrupt(words, numpy_generator(0)).edits:
        own = {unicodedata.name(letter).split()[0] for letter in record.before if letter.isalpha()}
        assert unicodedata.name(record.after[record.position]).split()[0] in own


def test_vowel_signs_are_letters() -> None:
    words = TEXTS["DEVANAGARI"].split() * 30
    swapped = Attack((Edit.swap,)).corrupt(words, numpy_generator(0)).edits
    assert any(unicodedata.category(edit.before[edit.position]).startswith("M") for edit in swapped)
    assert len(swapped) == sum(len(word) >= 4 for word in words)
    typed = Attack((Edit.keyboard,)).corrupt(words, numpy_generator(0)).edits
    assert any(unicodedata.category(edit.before[edit.position]).startswith("M") for edit in typed)


def test_a_latin_text_is_noised_as_ever() -> None:
    for text in ("Café Straße naïve β-carotene", "Прага is Prague"):
        script = TextScript.of(text.split())
        assert script == TextScript(LATIN)
        assert script.neighbors("Q", Edit.keyboard) == key_neighbors("q", Edit.keyboard)
        assert script.neighbors("é", Edit.keyboard) == script.neighbors("é", Edit.adjacent_key) == ""
        assert script.letters("Прага", "abc") == "abc"
    assert not TextScript().is_letter("\u0301")
    assert TextScript.of(["«…»", "—", "a", "1"]) == TextScript(LATIN)  # most characters are of no script


def test_a_latin_word_in_another_script_gets_latin_letters() -> None:
    script = TextScript.of(["Столица", "России", "Moscow"])
    assert script.letters("Moscow", "abc") == "abc"
    assert "я" in script.letters("Россия", "abc")
    assert "Я" not in script.letters("Россия", "abc")
    assert "Я" in script.letters("Россия", "abC")
    assert script.neighbors("w", Edit.adjacent_key) == key_neighbors("w", Edit.adjacent_key)


def test_neighboring_keys_are_neighbors_of_each_other() -> None:
    for keys in LAYOUT_NEIGHBORS.values():
        for letter, near in keys.items():
            assert near
            assert all(letter in keys[other] for other in near)
    assert set(LAYOUT_NEIGHBORS["CYRILLIC"]["а"]) == set("впкес") | set("м")
    assert set(LAYOUT_NEIGHBORS["DEVANAGARI"]["क"]) >= set("रत")
    assert set(LAYOUT_NEIGHBORS["HEBREW"]["ש"]) == set("דז")


def test_words_of_one_character_cannot_be_attacked() -> None:
    assert Attack().corrupt(list("老灯塔看守人早餐前"), numpy_generator(0)).edits == []
