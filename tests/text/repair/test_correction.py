import json
import pickle
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from charbert.errors import CheckpointError
from charbert.text.repair.correction import DictionaryCorrector, correct_texts, match_case
from charbert.text.repair.dictionary import REPAIR, DictionaryRules
from charbert.text.repair.repaired import REPAIR_FILE

COUNTS = {"the": 90, "keeper": 9, "counted": 7, "london": 5, "ships": 4}


@pytest.mark.parametrize(
    ("word", "pattern", "expected"),
    [
        ("mcdonald", "McDonald", "McDonald"),
        ("london", "LOnNDON", "LONDON"),
        ("london", "Lodnon", "London"),
        ("london", "lonNdon", "london"),
        ("island", "Ilsland", "Island"),
        ("london", "xLondon", "London"),
        ("london", "oLndon", "London"),
        ("london", "Olndon", "London"),
        ("london", "lLondon", "London"),
        ("the", "Tthe", "The"),
        ("the", "Cthe", "the"),
        ("the", "ctHe", "the"),
        ("london", "Pondon", "London"),
        ("london", "lOndno", "london"),
        ("in", "I", "In"),
        ("abcde", "ABcd", "Abcde"),
        ("u.s.", "U.S.", "U.S."),
        ("jean-pierre", "Jean-Peirre", "Jean-Pierre"),
        ("london's", "LODNON's", "LONDON's"),
        ("1990s", "199s", "1990s"),
    ],
)
def test_the_case_of_a_word_is_kept(word: str, pattern: str, expected: str) -> None:
    assert match_case(word, pattern) == expected


@pytest.mark.parametrize(
    ("word", "pattern", "expected"),
    [("london", "ondon", "London"), ("london", "pondon", "London"), ("london", "lonndon", "london"),
     ("london", "xlondon", "london"), ("london", "Xlondon", "London"),
     ("ships", "hips", "ships"), ("london-ships", "ondon-hips", "London-ships")],
)  # fmt: skip
def test_a_capital_that_the_form_does_not_show_comes_from_the_word(word: str, pattern: str, expected: str) -> None:
    assert match_case(word, pattern, capitalized={"london"}) == expected


def test_a_correction_takes_over_the_case_of_the_form() -> None:
    forms = [["LOnNDON", "Lodnon", "kepeer"], ["Keeper"]]
    assert DictionaryCorrector(COUNTS, DictionaryRules()).correct_many(forms) == [
        ["LONDON", "London", "keeper"],
        ["Keeper"],
    ]
    lowered = DictionaryCorrector(COUNTS, DictionaryRules(), keep_case=False)
    assert lowered.correct_many(forms) == [["london", "london", "keeper"], ["keeper"]]


TYPED = {
    "the": 9000,
    "of": 4000,
    "and": 4000,
    "in": 3000,
    "from": 900,
    "out": 700,
    "but": 700,
    "berlin": 90,
    "ships": 40,
}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("teh", "the"),
        ("Teh", "The"),
        ("adn", "and"),
        ("fo", "of"),
        ("grom", "from"),
        ("Berlim", "Berlin"),
        ("byt", "but"),
    ],
)
def test_repair_corrects_short_words_and_the_ends_of_words(typed: str, meant: str) -> None:
    sentence = ["ships", "of", typed, "from", "Berlin"]
    assert DictionaryCorrector(TYPED, REPAIR).correct_many([sentence])[0][2] == meant


@pytest.mark.parametrize(("apostrophe", "typed"), [("'", "dont"), ("’", "dont"), ("'", "Dont"), ("'", "donnt")])
def test_an_apostrophe_that_was_left_out_is_put_in(apostrophe: str, typed: str) -> None:
    counts = {**TYPED, f"don{apostrophe}t": 300}
    expected = f"{typed[0]}on{apostrophe}t"
    assert DictionaryCorrector(counts, REPAIR).correct_many([[typed, "in", "Berlin"]])[0][0] == expected
    without = DictionaryCorrector(counts, replace(REPAIR, apostrophes=False)).correct_many([[typed, "in", "Berlin"]])
    assert without[0][0] == typed


@pytest.mark.parametrize("word", ["ships", "Berlin", "rock'n'roll", "of"])
def test_a_known_word_is_not_given_an_apostrophe(word: str) -> None:
    counts = {**TYPED, "ship's": 9, "rock'n'roll": 9, "o'f": 1}
    assert DictionaryCorrector(counts, REPAIR).correct_many([["the", word, "in"]]) == [["the", word, "in"]]


@pytest.mark.parametrize("form", ["o", "B", "U.S.", "X-ray", "OT", "TWO", "FO", "BTU"])
@pytest.mark.parametrize("keep_case", [False, True])
def test_single_letters_and_short_forms_in_capitals_stay(form: str, keep_case: bool) -> None:
    corrector = DictionaryCorrector(TYPED, replace(REPAIR, noise_rate=0.9), keep_case=keep_case)
    assert corrector.correct_many([[form, "fo", form]]) == [
        [form, "of", form] if keep_case else [form.lower(), "of", form.lower()]
    ]


def test_a_word_is_within_reach_if_it_is_among_those_that_its_correction_is_chosen_from() -> None:
    corrector = DictionaryCorrector({**COUNTS, "hips": 1}, DictionaryRules(estimates_noise=True, keep_ends=False))
    cases = {
        ("Shps", "Ships"): True,  # chosen from "ships" and "hips"
        ("hps", "hips"): True,
        ("hips", "ships"): True,  # a known word may stand for another one
        ("Paris", "Paris"): True,
        ("London-shps", "London-ships"): True,
        ("shps-hps", "ships-hips"): True,
        ("counted", "London"): False,
        ("Pariss", "Paris"): False,
        ("1990", "199"): False,
        ("London-shps", "Paris-ships"): False,
        ("londonships", "london-ships"): False,
    }
    forms, words = zip(*cases, strict=True)
    assert corrector.within_reach(forms, words) == list(cases.values())


TURKISH = {"istanbul": 9, "ısparta": 4, "kadın": 7, "türkiye": 9, "şehir": 8, "ankara'da": 3, "ankara'ya": 3, "elli": 5}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("İstanbl", "İstanbul"),
        ("İSTNBUL", "İSTANBUL"),
        ("Isprta", "Isparta"),
        ("KADN", "KADIN"),
        ("TÜRKYE", "TÜRKİYE"),
        ("Işparta", "Isparta"),
        ("İstanbul", "İstanbul"),
        ("ISPARTA", "ISPARTA"),
        ("şehr", "şehr"),
    ],
)
@pytest.mark.parametrize("estimates_noise", [False, True])
def test_turkish_words_are_corrected_with_the_right_i(form: str, expected: str, estimates_noise: bool) -> None:
    rules = DictionaryRules(estimates_noise=estimates_noise, noise_rate=0.5, keep_ends=False)
    corrector = DictionaryCorrector(TURKISH, rules)
    expected = "şehir" if form == "şehr" else expected
    assert corrector.correct_many([[form], [unicodedata.normalize("NFD", form)]])[0] == [expected]
    decomposed = corrector.correct_many([[unicodedata.normalize("NFD", form)]])[0][0]
    assert unicodedata.normalize("NFC", decomposed) == expected


@pytest.mark.parametrize("apostrophe", "'’")
@pytest.mark.parametrize("estimates_noise", [False, True])
def test_a_name_is_corrected_without_its_ending(apostrophe: str, estimates_noise: bool) -> None:
    counts = {word.replace("'", apostrophe): count for word, count in TURKISH.items()}
    rules = DictionaryRules(max_edits=2, keep_ends=False, estimates_noise=estimates_noise, noise_rate=0.5)
    forms = ["İstanbl'da", "ISPRTA'ya", "Ankra'yla", "Ankara'nın", "Elli'le", "ANKARA'da", "Ankara'ell"]
    corrected = ["İstanbul'da", "ISPARTA'ya", "Ankara'yla", "Ankara'nın", "Elli'le", "ANKARA'da", "Ankara'ell"]
    given, expected = ([[form.replace("'", apostrophe) for form in words]] for words in (forms, corrected))
    assert DictionaryCorrector(counts, rules).correct_many(given) == expected


def test_a_disguised_word_is_looked_up_and_stays_plain() -> None:
    forms = [["Lon\u200bdon", "Lo\u00addnon", "k\u0435eper", "\uff2b\uff45eper", "Qu\u2060atsch"]]
    corrected = DictionaryCorrector(COUNTS, DictionaryRules()).correct_many(forms)
    assert corrected == [["London", "London", "keeper", "Keeper", "Quatsch"]]


def test_a_word_with_a_ligature_is_not_taken_for_a_typo_of_another_word() -> None:
    counts = {"and": 900, "the": 900, "find": 30, "office": 20, "social": 90, "official": 5}
    corrected = correct_texts(["the \ufb01nd and the O\ufb03ce"], DictionaryCorrector(counts, REPAIR))
    assert corrected == ["the find and the Office"]


def test_digits_are_letters_where_that_gives_a_known_word() -> None:
    counts = COUNTS | {"10th": 5, "b0at": 1, "goat": 2, "boat": 9, "toe": 3}
    corrector = DictionaryCorrector(counts, DictionaryRules())
    forms = ["L0nd0n", "5h1p5", "k33per-c0un73d", "6oa7", "10th", "b0at", "t0e", "p4r15", "1990s"]
    assert corrector.correct_many([forms]) == [
        ["London", "ships", "keeper-counted", "boat", "10th", "b0at", "t0e", "p4r15", "1990s"]
    ]


def test_a_word_of_raw_text_with_an_invisible_character_is_one_word() -> None:
    corrector = DictionaryCorrector(COUNTS, DictionaryRules())
    given = "In Lon\u200bdon, the\u00ad  ke\u2060peer; x\u200b. \u200b!"
    assert correct_texts([given], corrector) == ["In London, the\u00ad  keeper; x\u200b. \u200b!"]


def test_text_between_words_is_unchanged() -> None:
    corrector = DictionaryCorrector(COUNTS, DictionaryRules())
    assert correct_texts(["  The  kepeer\tcuonted: 7 shisp!\n", ""], corrector) == [
        "  The  keeper\tcounted: 7 shisp!\n",
        "",
    ]


@pytest.mark.parametrize("keep_case", [False, True])
def test_a_corrector_read_back_corrects_the_same(tmp_path: Path, keep_case: bool) -> None:
    rules = DictionaryRules(max_edits=2, keep_ends=False, min_word_length=3, gate=-25.0)
    corrector = DictionaryCorrector(COUNTS, rules, keep_case=keep_case, capitalized={"london"})
    corrector.save(tmp_path)
    forms = [["teh", "Kepeer", "konuted", "xyz", "ondon"]]
    assert DictionaryCorrector.load(tmp_path).correct_many(forms) == corrector.correct_many(forms)


@pytest.mark.parametrize(
    ("counts", "capitalized"),
    [({"london": 3, "the": 9}, {"london"}), ({"ısparta": 30, "istanbul": 20, "ılık": 9}, {"ısparta", "istanbul"})],
)
def test_a_file_has_words_as_they_are_mostly_written(
    tmp_path: Path, counts: dict[str, int], capitalized: set[str]
) -> None:
    corrector = DictionaryCorrector(counts, DictionaryRules(), capitalized={*capitalized, "unknown"})
    corrector.save(tmp_path)
    written = json.loads((tmp_path / REPAIR_FILE).read_text(encoding="utf-8"))["counts"]
    assert {word for word in written if word[0].isupper()} <= {"London", "Isparta", "İstanbul"}
    read = DictionaryCorrector.load(tmp_path)
    assert (read.counts, read.capitalized) == (corrector.counts, corrector.capitalized) == (counts, capitalized)


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    DictionaryCorrector(COUNTS, DictionaryRules()).save(tmp_path)
    content = json.loads((tmp_path / REPAIR_FILE).read_text(encoding="utf-8"))
    content["rules"]["keep_ends"] = False
    (tmp_path / REPAIR_FILE).write_text(json.dumps({**content, "version": 1, "capitalized": ["london"], "pairs": {}}))
    assert DictionaryCorrector.load(tmp_path).correct_many([["ondon"]]) == [["London"]]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["the", "keeper", "saw", "lodnon", ",", "london-ships", "."], "The keeper saw London , London-ships ."),
        (["(", "london's", "ships", "7"], "( London's ships 7"),
        (["the", "keeper", "brzeczyk", "saw", "an", "e-shop", "3rd"], "The keeper Brzeczyk saw an e-shop 3rd"),
        (["the", "Keeper", "saw", "london"], "the Keeper saw london"),
        (["THE", "LONDON", "KEEPER"], "THE LONDON KEEPER"),
        (["7", "--"], "7 --"),
        ([], ""),
    ],
)
def test_a_text_without_capitals_gets_those_that_it_would_have(given: list[str], expected: str, tmp_path: Path) -> None:
    counts = COUNTS | {"saw": 3}
    corrector = DictionaryCorrector(counts, DictionaryRules(), capitalized={"london"}, restores_case=True)
    corrector.save(tmp_path)
    assert corrector.correct_many([given]) == DictionaryCorrector.load(tmp_path).correct_many([given])
    assert " ".join(corrector.correct_many([given])[0]) == expected


def test_capitals_of_turkish_text_are_restored_with_their_dots() -> None:
    counts = {"ısparta": 30, "istanbul": 20, "ılık": 9}
    corrector = DictionaryCorrector(counts, DictionaryRules(), capitalized={"istanbul"}, restores_case=True)
    assert corrector.correct_many([["ılık", "istanbul'dan"]]) == [["Ilık", "İstanbul'dan"]]


def test_pairs_of_words_are_saved(tmp_path: Path) -> None:
    counts, rules = {"ships": 40, "chips": 50, "seven": 90}, DictionaryRules(estimates_noise=True, keep_ends=False)
    form = [["seven", "xhips"]]
    assert DictionaryCorrector(counts, rules).correct_many(form) == [["seven", "chips"]]
    DictionaryCorrector(counts, rules, pairs={"seven": {"ships": 30}}).save(tmp_path)
    assert DictionaryCorrector.load(tmp_path).correct_many(form) == [["seven", "ships"]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 9),
        ("rules", {"gait": 1}),
        ("counts", {}),
        ("counts", {"a": 0}),
        ("counts", ["a"]),
        ("keep_case", None),
        ("pairs", {"a": 3}),
    ],
)
def test_a_damaged_dictionary_is_refused_in_one_line(tmp_path: Path, name: str, value: object) -> None:
    DictionaryCorrector(COUNTS, DictionaryRules()).save(tmp_path)
    path = tmp_path / REPAIR_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    if value is None:
        del content[name]
    else:
        content[name] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"charbert_dictionary\.json: expected a spelling dictionary") as refused:
        DictionaryCorrector.load(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_pickle_is_the_same_after_use_and_for_any_order_of_capitals() -> None:
    names = [f"name{number}" for number in range(200)]
    rules, pairs = DictionaryRules(estimates_noise=True, keep_ends=False), {"the": {"keeper": 3}}
    counts = COUNTS | dict.fromkeys(names, 1)
    corrector, other = (
        DictionaryCorrector(counts, rules, capitalized=order, pairs=pairs) for order in (names, names[::-1])
    )
    pickled = pickle.dumps(corrector)
    corrected = corrector.correct_many([["The", "kepeer", "conuted"]])
    assert pickle.dumps(corrector) == pickle.dumps(other) == pickled
    assert pickle.loads(pickled).correct_many([["The", "kepeer", "conuted"]]) == corrected
