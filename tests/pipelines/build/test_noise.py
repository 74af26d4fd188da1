"""What every attack of conf/attack promises, and where settings lead to an error."""

import pickle
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charbert.config.data.noise import AttackSettings, Edit, NoiseFamily
from charbert.errors import DataError, SettingsError
from charbert.noise.edits import NoiseModel
from charbert.noise.ocr import OcrNoise
from charbert.pipelines.build.noise import build_attack
from charbert.seeding import numpy_generator
from tests.composition import CONF, compose_settings
from tests.edit_records import replay_all

NAMES = sorted(path.stem for path in (CONF / "attack").glob("*.yaml"))
CHARACTERS = st.one_of(st.characters(codec="utf-8"), st.sampled_from("aeiloIOçğıİöşürnméя\u0301\u0327"))
WORDS = st.lists(st.text(CHARACTERS.filter(lambda character: not character.isspace()), max_size=12), max_size=20)
TURKISH = ["İzmir'in", "ılık", "ağaçları", "altında", "şarkı", "söyleyen", "çocuklar", "gördüğünü", "unutmadı"]
LIST = "$their\nthier\nther\n$received\nrecieved\n$İzmir\nIzmir\n$ağaçları\nağacları\n"


@pytest.fixture(scope="session")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NoiseModel]:
    folder = tmp_path_factory.mktemp("lists")
    (folder / "list.dat").write_text(LIST, encoding="utf-8")
    return {name: build_attack(chosen(name), folder) for name in NAMES}


def chosen(name: str) -> AttackSettings:
    own_list = ["attack.misspellings=[list.dat]"] if name == "natural" else []
    return compose_settings("attack_sets", f"attack={name}", *own_list).attack


def test_an_attack_is_named_as_its_file() -> None:
    assert [chosen(name).name for name in NAMES] == NAMES
    assert chosen("charbert") == AttackSettings()
    assert {chosen(name).family for name in NAMES} == set(NoiseFamily)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(words=WORDS, seed=st.integers(0, 2**63 - 1))
def test_every_word_stays_a_word_and_the_records_lead_to_the_noise(
    attacks: dict[str, NoiseModel], name: str, words: list[str], seed: int
) -> None:
    before = list(words)
    corruption = attacks[name].corrupt(words, numpy_generator(seed))
    assert words == before
    assert replay_all(words, corruption.edits) == corruption.words
    assert [len(word.split()) for word in corruption.words] == [len(word.split()) for word in words]
    assert corruption == attacks[name].corrupt(words, numpy_generator(seed))


def test_a_turkish_keyboard_gives_turkish_capitals() -> None:
    for layout, upper in (("turkish_q", ["İZMİR'İN", "ILIK", "İLK"]), ("qwerty", ["İZMIR'IN", "ILIK", "ILK"])):
        attack = compose_settings("attack_sets", "attack=upper", f"attack.layout={layout}").attack
        assert build_attack(attack).corrupt(["İzmir'in", "ılık", "ilk"], numpy_generator(0)).words == upper


@pytest.mark.parametrize("name", NAMES)
def test_turkish_words_are_noised_composed_or_not(attacks: dict[str, NoiseModel], name: str) -> None:
    for form in ("NFC", "NFD"):
        words = [unicodedata.normalize(form, word) for word in TURKISH] * 20
        corruption = attacks[name].corrupt(words, numpy_generator(0))
        assert replay_all(words, corruption.edits) == corruption.words
        changed = {record.word_index for record in corruption.edits}
        assert form == "NFD" if not changed else changed <= set(range(len(words)))
        assert name == "natural" or len(changed) > len(words) / 20


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_is_the_same_in_another_process(attacks: dict[str, NoiseModel], name: str) -> None:
    words = ["Their", "lighthouse", "received", "modern", "visitors"]
    copy = pickle.loads(pickle.dumps(attacks[name]))
    assert copy.corrupt(words, numpy_generator(0)) == attacks[name].corrupt(words, numpy_generator(0))


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_share_changes_half_of_the_words(name: str, tmp_path: Path) -> None:
    (tmp_path / "list.dat").write_text(LIST, encoding="utf-8")
    words = ["their", "Received", "lillies"] * 2000
    both = [chosen(name), chosen(name)]
    both[1].probability = both[0].probability / 2
    whole, half = (len(build_attack(one, tmp_path).corrupt(words, numpy_generator(0)).edits) for one in both)
    assert 0.45 < half / whole < 0.55


def test_files_of_an_attack_start_at_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "list.dat").write_text(LIST, encoding="utf-8")
    (tmp_path / "table.tsv").write_text("rn\tm\t1\n", encoding="utf-8")
    natural = AttackSettings(family=NoiseFamily.natural, misspellings=["list.dat", str(tmp_path / "list.dat")])
    assert build_attack(natural, tmp_path).corrupt(["Their"], numpy_generator(1)).words[0] in ("Thier", "Ther")
    scanned = AttackSettings(family=NoiseFamily.ocr, confusions="table.tsv")
    assert build_attack(scanned, tmp_path).corrupt(["modern"], numpy_generator(0)).words == ["modem"]
    with pytest.raises(DataError, match=r"other/list\.dat: expected the file of attack\.misspellings"):
        build_attack(natural, tmp_path / "other")


def test_words_are_split_only_where_they_need_not_stay_whole() -> None:
    scanned = AttackSettings(family=NoiseFamily.ocr, spacing=0.3)
    assert build_attack(scanned) == OcrNoise(build_attack(scanned).confusions, min_word_length=4)
    assert build_attack(scanned, whole_words=False).spacing == 0.3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"edits_per_word": 2, "family": NoiseFamily.ocr}, "edits_per_word is read by attack.family=charbert or homo"),
        ({"misspellings": ["list.dat"]}, "attack.misspellings is read by attack.family=natural alone"),
        ({"confusions": "t"}, "attack.confusions is read by attack.family=ocr alone, got attack.family=charbert"),
        ({"spacing": 0.1}, "attack.spacing is read by attack.family=ocr alone"),
        ({"spacing": 2.0, "family": NoiseFamily.ocr}, r"attack.spacing must be in \[0, 1\], got 2"),
        ({"family": NoiseFamily.natural}, "attack.misspellings must name files of misspellings"),
        ({"family": NoiseFamily.natural, "misspellings": [""]}, "attack.misspellings must name files"),
        ({"family": NoiseFamily.leet, "min_word_length": 0}, "attack.min_word_length must be at least 1, got 0"),
        ({"edits": [Edit.drop, Edit.drop]}, "attack.edits must list some of"),
    ],
)
def test_a_setting_that_does_not_fit_its_family_is_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        AttackSettings(**values)
