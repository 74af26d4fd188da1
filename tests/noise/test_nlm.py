from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import ATTACK_EDITS
from charbert.errors import SettingsError
from charbert.noise.edits import Corruption, Edit, NoiseModel
from charbert.noise.nlm import RELEASED_LETTERS, NlmNoise, ReleasedNlmNoise
from charbert.seeding import numpy_generator
from tests.edit_records import replay

WORDS = st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=12), max_size=20)
TEXT = "In 1954 a careful gardener , it is said , painted the U.K. fence green ."
PINNED_NOISE = "In 1954 a carefl gardemer , it is sad , paiknted the U.Kb. ffnce grpeen ."
SENTENCE = TEXT.split()


def check_records(words: list[str], corruption: Corruption) -> None:
    assert len(corruption.words) == len(words)
    indices = [record.word_index for record in corruption.edits]
    assert indices == sorted(set(indices))
    changed = [index for index, word in enumerate(words) if corruption.words[index] != word]
    assert changed == indices
    for record in corruption.edits:
        assert record.before == words[record.word_index]
        assert record.after == corruption.words[record.word_index] == replay(record)


@given(WORDS, st.integers(0, 2**63 - 1), st.sampled_from([0.0, 0.15, 1.0]))
def test_noise_edits_inner_characters_once_and_says_so(words: list[str], seed: int, share: float) -> None:
    corruption = NlmNoise(share, ATTACK_EDITS).corrupt(words, numpy_generator(seed))
    check_records(words, corruption)
    for _, operation, position, before, after in corruption.edits:
        assert len(before) >= 4
        assert (before[0], before[-1]) == (after[0], after[-1])
        assert 1 <= position < len(before)
        assert len(after) - len(before) == {Edit.drop: -1, Edit.add: 1}.get(operation, 0)
        assert any(character.isalpha() for character in before)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_released_noise_says_what_it_did(words: list[str], seed: int) -> None:
    corruption = ReleasedNlmNoise(1.0).corrupt(words, numpy_generator(seed))
    check_records(words, corruption)
    for _, operation, position, before, after in corruption.edits:
        assert before
        if len(before) < 4:
            assert operation is Edit.add
            assert after[position] in RELEASED_LETTERS
        else:
            assert operation in (Edit.drop, Edit.swap)
            assert operation is Edit.drop or 1 <= position <= len(before) - 2


@pytest.mark.parametrize("noise", [NlmNoise(), ReleasedNlmNoise()])
def test_the_same_seed_gives_the_same_noise(noise: NoiseModel) -> None:
    words = SENTENCE * 5
    first = noise.corrupt(words, numpy_generator(3))
    assert first == noise.corrupt(tuple(words), numpy_generator(3))
    assert first != noise.corrupt(words, numpy_generator(4))
    assert words == SENTENCE * 5


def test_noise_is_pinned_across_machines() -> None:
    assert NlmNoise(1.0, ATTACK_EDITS).corrupt(SENTENCE, numpy_generator(0)).words == PINNED_NOISE.split()


def test_fifteen_percent_of_the_words_are_noised() -> None:
    words = SENTENCE * 2000
    corruption = NlmNoise().corrupt(words, numpy_generator(1))
    count = sum(any(map(str.isalnum, word)) for word in words)
    assert len(corruption.edits) / count == pytest.approx(0.15, abs=0.005)


def test_every_eligible_word_is_noised_at_probability_one() -> None:
    corruption = NlmNoise(1.0).corrupt(SENTENCE, numpy_generator(2))
    assert [record.before for record in corruption.edits] == [
        word for word in SENTENCE if len(word) >= 4 and not word.isdigit()
    ]


def test_edits_and_positions_are_uniform() -> None:
    corruption = NlmNoise(1.0, ATTACK_EDITS).corrupt(["abcdefg"] * 40_000, numpy_generator(5))
    operations = Counter(record.operation for record in corruption.edits)
    assert [operations[edit] / 40_000 for edit in ATTACK_EDITS] == pytest.approx([0.25] * 4, abs=0.01)
    reach = {
        Edit.drop: range(1, 6),
        Edit.add: range(1, 7),
        Edit.swap: range(1, 5),
        Edit.keyboard: range(1, 6),
    }
    for edit, positions in reach.items():
        places = Counter(r.position for r in corruption.edits if r.operation is edit)
        assert sorted(places) == list(positions)
        shares = np.array(list(places.values())) / operations[edit]
        assert shares == pytest.approx(1 / len(positions), abs=0.02)


def test_an_edit_that_is_impossible_leaves_its_share_to_the_others_in_equal_parts() -> None:
    edits = NlmNoise(1.0, (Edit.swap, Edit.drop, Edit.add)).corrupt(["abba"] * 10_000, numpy_generator(0)).edits
    assert sum(record.operation is Edit.drop for record in edits) / 10_000 == pytest.approx(0.5, abs=0.02)


def test_added_letters_come_from_the_alphabet() -> None:
    corruption = NlmNoise(1.0, (Edit.add,), alphabet="é").corrupt(["word"] * 50, numpy_generator(0))
    assert {record.after for record in corruption.edits} == {"wéord", "woérd", "woréd"}


def test_a_word_that_no_edit_can_change_stays() -> None:
    assert NlmNoise(1.0, (Edit.swap,)).corrupt(["baab", "cccc"], numpy_generator(0)).edits == []
    assert NlmNoise(1.0, (Edit.keyboard,)).corrupt(["a77b"], numpy_generator(0)).edits == []


def test_released_noise_takes_ten_percent_of_all_tokens() -> None:
    words = ["word", ".", "of", "b"] * 10_000
    corruption = ReleasedNlmNoise().corrupt(words, numpy_generator(6))
    hit = Counter(record.before for record in corruption.edits)
    assert all(hit[word] / 10_000 == pytest.approx(0.10, abs=0.01) for word in hit)
    assert len(hit) == 4
    assert all(record.after.endswith(record.before[-1]) for record in corruption.edits if len(record.before) < 4)


@pytest.mark.parametrize("alphabet", ["", "a b"])
def test_an_alphabet_that_splits_words_is_refused(alphabet: str) -> None:
    with pytest.raises(SettingsError, match=r"noise\.alphabet"):
        NlmNoise(alphabet=alphabet)


def test_released_noise_needs_letters() -> None:
    with pytest.raises(SettingsError, match=r"noise\.letters"):
        ReleasedNlmNoise(letters="")
