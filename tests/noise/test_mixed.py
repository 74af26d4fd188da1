from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import NlmRules, NoiseSettings
from charbert.errors import SettingsError
from charbert.noise.edits import Change, Edit
from charbert.noise.mixed import CONFUSIONS, MixedNoise
from charbert.pipelines.build.noise import build_nlm_noise
from charbert.seeding import numpy_generator
from tests.edit_records import replay

WORDS = st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=12), max_size=20)
TEXT = "In 1954 a careful Gardener , it is said , painted the whole fence green with corn oil ."
SENTENCE = TEXT.split()
NOISE = MixedNoise(clean_share=0.0)


@given(WORDS, st.integers(0, 2**63 - 1), st.floats(0, 1))
def test_every_change_is_recorded_and_spares_the_first_character(words: list[str], seed: int, others: float) -> None:
    noise = MixedNoise(1.0, clean_share=0.0, two_edits=1 - others, other_changes=others)
    corruption = noise.corrupt(words, numpy_generator(seed))
    assert corruption == noise.corrupt(tuple(words), numpy_generator(seed))
    assert len(corruption.words) == len(words)
    changed = [index for index, word in enumerate(words) if corruption.words[index] != word]
    assert changed == [record.word_index for record in corruption.edits]
    for index, operation, position, before, after in corruption.edits:
        assert (before, after) == (words[index], corruption.words[index])
        assert len(before) >= 4
        assert 0 <= position <= len(before)
        if isinstance(operation, Edit):
            assert after == replay(corruption.edits[changed.index(index)])
        if operation is Change.case:
            assert after.casefold() == before.casefold()
        else:
            assert after[0] == before[0]


def test_a_fifth_of_the_texts_is_clean_and_two_fifths_of_the_words_of_the_others_are_noised() -> None:
    noised = [len(MixedNoise().corrupt(SENTENCE, numpy_generator(seed)).edits) for seed in range(4000)]
    words = sum(any(map(str.isalnum, word)) for word in SENTENCE)
    assert noised.count(0) / 4000 == pytest.approx(0.2, abs=0.02)
    assert sum(noised) / 4000 / words == pytest.approx(0.8 * 0.4, abs=0.01)


def test_the_kinds_have_their_shares() -> None:
    words = ["Cornwall", "harbour", "lantern", "gardens"] * 5000
    edits = NOISE.corrupt(words, numpy_generator(0)).edits
    kinds = Counter(record.operation for record in edits)
    splits = sum(" " in record.after for record in edits)
    others = kinds[Change.case] + kinds[Change.confusion] + splits
    assert kinds[Change.two_edits] / len(edits) == pytest.approx(0.15, abs=0.015)
    assert others / len(edits) == pytest.approx(0.10, abs=0.015)
    assert [kinds[Change.case] / others, splits / others] == pytest.approx([1 / 3, 1 / 3], abs=0.06)
    assert {Edit.drop, Edit.add, Edit.swap, Edit.adjacent_key} == {kind for kind in kinds if isinstance(kind, Edit)}


def test_two_edits_reach_the_last_character_and_one_edit_does_not() -> None:
    edits = NOISE.corrupt(["harbour"] * 20_000, numpy_generator(1)).edits
    last = Counter(record.operation for record in edits if record.after[-1] != "r" and record.operation != Change.case)
    assert set(last) == {Change.two_edits}
    assert 0.05 < last[Change.two_edits] / sum(record.operation is Change.two_edits for record in edits) < 0.3


def test_confusions_are_between_letters_that_look_alike_and_go_both_ways() -> None:
    assert {(seen, read) for read, seen in CONFUSIONS} == set(CONFUSIONS)
    noise = MixedNoise(1.0, clean_share=0.0, two_edits=0.0, other_changes=1.0)
    edits = noise.corrupt(["corner"] * 500, numpy_generator(2)).edits
    confused = {record.after for record in edits if record.operation is Change.confusion}
    assert {"comer", "c0rner", "corncr", "coruer"} <= confused


def test_a_word_without_other_changes_gets_an_edit() -> None:
    noise = MixedNoise(1.0, clean_share=0.0, two_edits=0.0, other_changes=1.0)
    edits = noise.corrupt(["маяками"] * 300, numpy_generator(3)).edits
    assert len(edits) == 300
    assert {record.operation for record in edits} == {Change.case, Edit.add}


def test_the_settings_build_it_and_other_rules_refuse_its_shares() -> None:
    settings = NoiseSettings(rules=NlmRules.mixed, probability=0.4, two_edits=0.2, clean_share=0.1)
    noise = build_nlm_noise(settings)
    assert isinstance(noise, MixedNoise)
    assert (noise.clean_share, noise.two_edits, noise.other_changes) == (0.1, 0.2, 0.0)
    with pytest.raises(SettingsError, match=r"noise\.two_edits \+ noise\.other_changes must be at most 1"):
        NoiseSettings(rules=NlmRules.mixed, two_edits=0.6, other_changes=0.5)
    with pytest.raises(SettingsError, match=r"noise\.clean_share is read by noise\.rules=mixed alone"):
        NoiseSettings(clean_share=0.2)
    with pytest.raises(SettingsError, match=r"noise\.min_word_length"):
        MixedNoise(min_word_length=2)
    with pytest.raises(SettingsError, match=r"noise\.clean_share must be in \[0, 1\]"):
        NoiseSettings(rules=NlmRules.mixed, clean_share=1.2)
