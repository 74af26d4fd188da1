import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charbert.config.data.noise import ATTACK_EDITS, Edit, Layout, Place
from charbert.errors import SettingsError
from charbert.noise.attack import Attack, attack_sentences
from charbert.noise.scripts import TextScript
from charbert.noise.stop_words import ENGLISH_STOP_WORDS
from charbert.seeding import numpy_generator
from tests.edit_records import replay, replay_all

SHARED = Path(__file__).parents[2].parent / "shared"
WORDS = st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=12), max_size=20)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_the_attack_edits_inner_characters_once_and_says_so(words: list[str], seed: int) -> None:
    corruption = Attack().corrupt(words, numpy_generator(seed))
    script = TextScript.of(words)
    changed = [index for index, word in enumerate(words) if corruption.words[index] != word]
    assert changed == [record.word_index for record in corruption.edits]
    for index, operation, position, before, after in corruption.edits:
        assert (before, after) == (words[index], corruption.words[index])
        assert after == replay(corruption.edits[changed.index(index)])
        assert len(before) >= 4
        assert (before[0], before[-1]) == (after[0], after[-1])
        if operation is Edit.swap:
            assert all(map(script.is_letter, before[position : position + 2]))
        if operation is Edit.keyboard:
            assert after[position] in script.neighbors(before[position], operation)
            assert before.lower() not in ENGLISH_STOP_WORDS


def test_numbers_abbreviations_and_short_words_are_spared() -> None:
    words = ["1996", "U.S.", "U.N", "a.m.", "F.A.", "the", ".", "", "25"] * 50
    assert Attack().corrupt(words, numpy_generator(0)).edits == []


def test_keyboard_spares_stop_words_and_the_other_edits_do_not() -> None:
    assert Attack((Edit.keyboard,)).corrupt(["With", "THIS"] * 20, numpy_generator(0)).edits == []
    assert len(Attack((Edit.drop,)).corrupt(["With", "THIS"] * 20, numpy_generator(0)).edits) == 40


def test_letters_are_of_both_cases_or_lower() -> None:
    both = Attack((Edit.add,)).corrupt(["word"] * 4000, numpy_generator(0))
    added = Counter(record.after[record.position] for record in both.edits)
    assert len(added) == 52
    assert sum(added[letter] for letter in added if letter.isupper()) / 4000 == pytest.approx(0.5, abs=0.03)
    lower = Attack((Edit.add,), letters="lower").corrupt(["WORD"] * 500, numpy_generator(0))
    assert all(record.after[record.position].islower() for record in lower.edits)


def test_probability_is_the_share_of_eligible_words() -> None:
    words = ["word", "of"] * 10_000
    corruption = Attack((Edit.drop,), probability=0.3).corrupt(words, numpy_generator(0))
    assert len(corruption.edits) / 10_000 == pytest.approx(0.3, abs=0.015)


def test_the_attack_does_not_depend_on_how_the_work_is_split() -> None:
    sentences = [f"sentence number {index} stands alone".split() for index in range(20)]
    whole = attack_sentences(sentences, Attack(), 7)
    parts = [attack_sentences(sentences[at : at + 6], Attack(), 7, first_index=at) for at in range(0, 20, 6)]
    assert whole == [corruption for part in parts for corruption in part]
    assert whole != attack_sentences(sentences, Attack(), 8)
    assert whole != attack_sentences(sentences, Attack(), 7, stream="other")


def test_an_attack_travels_to_other_processes() -> None:
    attack = Attack(letters="lower")
    here = attack.corrupt(["some", "words"], numpy_generator(0))
    copy = pickle.loads(pickle.dumps(attack))
    assert copy == attack
    assert copy.corrupt(["some", "words"], numpy_generator(0)) == here


def test_an_unknown_letter_case_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"attack\.letters"):
        Attack(letters="upper")


def read_conll_columns(path: Path) -> list[list[tuple[str, str]]]:
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    rows = [[line.split() for line in block.splitlines() if line.strip()] for block in blocks]
    return [[(row[0], row[-1]) for row in block] for block in rows if block and block[0][0] != "-DOCSTART-"]


def entity_hits(sentence: list[tuple[str, str]], hit: set[int]) -> list[bool]:
    """Whether a token of each entity is in ``hit``; tags are IOB1."""
    entities: list[list[int]] = []
    before = "O"
    for index, (_, tag) in enumerate(sentence):
        if tag != "O":
            if tag[0] == "I" and before[2:] == tag[2:]:
                entities[-1].append(index)
            else:
                entities.append([index])
        before = tag
    return [any(index in hit for index in entity) for entity in entities]


def test_the_attack_matches_the_authors_attacked_conll_set() -> None:
    path = SHARED / "data" / "conll2003" / "eng.testb"
    if not path.exists():
        pytest.skip("the CoNLL-2003 test set is not at hand (../shared/data/conll2003/eng.testb)")
    sentences = read_conll_columns(path)
    corruptions = attack_sentences([[word for word, _ in rows] for rows in sentences], Attack(), 0)
    edits = [record for corruption in corruptions for record in corruption.edits]
    tokens = [word for rows in sentences for word, _ in rows]
    assert (len(sentences), len(tokens)) == (3453, 46435)

    assert len(edits) / len(tokens) == pytest.approx(0.498, abs=0.005)
    operations = Counter(record.operation for record in edits)
    shares = [operations[edit] / len(edits) for edit in (Edit.drop, Edit.add, Edit.swap, Edit.keyboard)]
    assert shares == pytest.approx([0.268, 0.261, 0.244, 0.227], abs=0.01)

    hits = [{record.word_index for record in corruption.edits} for corruption in corruptions]
    entities = [hit for rows, touched in zip(sentences, hits, strict=True) for hit in entity_hits(rows, touched)]
    assert len(entities) == 5648
    assert sum(entities) / len(entities) == pytest.approx(0.949, abs=0.007)
    assert sum(map(bool, hits)) / len(hits) == pytest.approx(0.979, abs=0.005)

    stop_words = [word for word in tokens if len(word) >= 4 and word.lower() in ENGLISH_STOP_WORDS]
    changed_stop_words = sum(record.before.lower() in ENGLISH_STOP_WORDS for record in edits)
    assert changed_stop_words / len(stop_words) == pytest.approx(0.738, abs=0.02)

    assert min(len(record.before) for record in edits) == 4
    assert all(record.before[0] == record.after[0] and record.before[-1] == record.after[-1] for record in edits)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_several_edits_of_a_word_follow_each_other_and_none_undoes_them(words: list[str], seed: int) -> None:
    corruption = Attack(edits_per_word=3).corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    for index in {record.word_index for record in corruption.edits}:
        edited = corruption.words[index]
        assert words[index] != edited
        assert (words[index][0], words[index][-1]) == (edited[0], edited[-1])


def test_an_edit_that_undoes_the_one_before_it_is_left_out() -> None:
    corruption = Attack((Edit.swap,), edits_per_word=2).corrupt(["ship"], numpy_generator(0))  # it has one inner pair
    assert corruption.words == ["sihp"] and len(corruption.edits) == 1


def test_most_words_get_both_of_two_edits() -> None:
    words = ["lighthouse", "captain", "Rotterdam", "engineers"] * 500
    counts = Counter(record.word_index for record in Attack(edits_per_word=2).corrupt(words, numpy_generator(0)).edits)
    assert len(counts) > 0.99 * len(words)
    assert sum(count == 2 for count in counts.values()) > 0.9 * len(words)


@given(WORDS, st.integers(0, 2**63 - 1))
def test_an_attack_on_first_letters_leaves_the_rest(words: list[str], seed: int) -> None:
    corruption = Attack(place=Place.first).corrupt(words, numpy_generator(seed))
    script = TextScript.of(words)
    for record in corruption.edits:
        assert record.position == 0 and script.is_letter(record.before[0])
        assert record.after == replay(record) and record.after[-2:] == record.before[-2:]
    untouched = [word for word, after in zip(words, corruption.words, strict=True) if word == after]
    assert len(untouched) + len(corruption.edits) == len(words)


def test_an_attack_on_first_letters_has_all_edits_and_spares_other_beginnings() -> None:
    corruption = Attack(place=Place.first).corrupt(["lighthouse", "(sic)", "$100m", "1990s"] * 200, numpy_generator(0))
    assert {record.before for record in corruption.edits} == {"lighthouse"}
    assert {record.operation for record in corruption.edits} == set(Attack().edits)
    assert {len(record.after) for record in corruption.edits} == {9, 10, 11}


@given(WORDS, st.sampled_from([Place.first, Place.any]), st.integers(1, 100), st.integers(0, 2**63 - 1))
def test_any_number_of_edits_anywhere_leaves_a_word(words: list[str], place: Place, edits: int, seed: int) -> None:
    noise = Attack(min_word_length=3, place=place, edits_per_word=edits)
    corruption = noise.corrupt(words, numpy_generator(seed))
    assert corruption == noise.corrupt(words, numpy_generator(seed))
    assert replay_all(words, corruption.edits) == corruption.words
    assert list(map(bool, words)) == list(map(bool, corruption.words))


def test_edits_anywhere_are_at_every_character_of_a_word() -> None:
    edits = Attack(place=Place.any).corrupt(["lighthouse"] * 4000, numpy_generator(0)).edits
    places = {edit: {record.position for record in edits if record.operation is edit} for edit in ATTACK_EDITS}
    assert places == {
        Edit.drop: set(range(10)),
        Edit.add: set(range(11)),
        Edit.swap: set(range(9)),
        Edit.keyboard: set(range(10)),
    }


def test_a_keyboard_of_another_language_gives_its_letters() -> None:
    words = ["ılık", "şehirlerin", "ağaçları", "İzmir"] * 200
    noise = Attack((Edit.adjacent_key,), place=Place.any, layout=Layout.turkish_q)
    added = {record.after[record.position] for record in noise.corrupt(words, numpy_generator(0)).edits}
    assert set("ğüşiöç") - {"ö"} <= added <= set("qwertyuıopğüasdfghjklşizxcvbnmöç")


def test_the_number_of_edits_is_at_least_one() -> None:
    with pytest.raises(SettingsError, match=r"attack\.edits_per_word must be at least 1, got 0"):
        Attack(edits_per_word=0)
