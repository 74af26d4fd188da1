import json
from pathlib import Path

import pytest

from charbert.config.data.noise import AttackSettings
from charbert.config.schema import Settings
from charbert.errors import CheckpointError, SettingsError
from charbert.pipelines.train.corrector import dictionary_rules, prepare_corrector
from charbert.records import read_records
from charbert.runs.keys import encoder_identity
from charbert.runs.run import dictionary_run, finetuning_run
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import REPAIR
from charbert.text.repair.repaired import REPAIR_FILE
from tests.composition import compose_settings
from tests.pipelines.train.test_word_recognizer import SETS, PlainTask


def composed(folder: Path, model: str, *overrides: str) -> Settings:
    places = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
    return compose_settings(
        "pretrain", "recipe=smoke", "tracking=off", f"model={model}", *places, *overrides, folder=folder
    )


def test_a_recognizer_keeps_the_number_of_words(tmp_path: Path) -> None:
    settings = composed(tmp_path, "bert_wordrec", "model.recognizer.backoff=pass_through")
    corrector = prepare_corrector(settings, PlainTask(), SETS)
    assert corrector is not None
    assert len(corrector.correct_many([["Svene", "ships", "sank"]])[0]) == 3


def test_a_plain_model_has_no_corrector(tmp_path: Path) -> None:
    assert prepare_corrector(composed(tmp_path, "bert"), PlainTask(), SETS) is None


def test_a_dictionary_knows_the_words_of_the_task_and_of_the_pretraining_text_which_is_counted_once(
    tmp_path: Path,
) -> None:
    settings = composed(tmp_path, "bert_dictionary")
    corrector = prepare_corrector(settings, PlainTask(), SETS)
    assert corrector is not None
    assert corrector.correct_many([["Brekafast", "berakfast", "ministor"]]) == [["Breakfast", "breakfast", "minister"]]
    counts = next((tmp_path / "outputs").rglob("counts.json"))
    stamp = counts.stat().st_mtime_ns
    prepare_corrector(settings, PlainTask(), SETS)
    assert counts.stat().st_mtime_ns == stamp
    (record,) = read_records(tmp_path / "results/records", kind="dictionary")
    assert 0 < record.details["words"] <= record.details["distinct_words"] < record.details["running_words"]
    assert len(record.data_checksums) == 1


def test_a_small_dictionary_keeps_the_most_frequent_words(tmp_path: Path) -> None:
    settings = composed(tmp_path, "bert_dictionary", "model.dictionary.size=5")
    prepare_corrector(settings, PlainTask(), SETS)
    (record,) = read_records(tmp_path / "results/records", kind="dictionary")
    assert record.details["words"] == 5


def test_pairs_of_words_are_counted_once_and_saved_with_the_corrector(tmp_path: Path) -> None:
    alone, settings = (
        composed(tmp_path, "bert_repair", f"model.dictionary.pairs={pairs}", "model.dictionary.size=500")
        for pairs in (0, 20)
    )
    assert dictionary_run(alone).key != dictionary_run(settings).key
    corrector = prepare_corrector(settings, PlainTask(), SETS)
    assert isinstance(corrector, DictionaryCorrector)
    corrector.save(tmp_path)
    saved = json.loads((tmp_path / REPAIR_FILE).read_text(encoding="utf-8"))
    assert sum(map(len, saved["pairs"].values())) == 20


def test_a_hidden_capital_comes_from_the_training_examples_or_where_asked_for_from_the_text(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("They saw Oslo and Breakfast Island, and Oslo again.\n", encoding="utf-8")
    text = [f"data.corpus.{part}={tmp_path / 'text.txt'}" for part in ("train", "dev")]
    rules = ["model.dictionary.keep_ends=false", "model.dictionary.unseen_mass=0.01"]
    settings, plain = (
        composed(tmp_path, "bert_repair", *text, *rules, f"model.dictionary.capitals_of_text={value}")
        for value in ("true", "false")
    )
    forms = [["slo", "reakfast", "sland"]]
    found = prepare_corrector(settings, PlainTask(), SETS)
    assert found is not None and found.correct_many(forms) == [["Oslo", "breakfast", "Island"]]
    without = prepare_corrector(plain, PlainTask(), SETS)
    assert without is not None and without.correct_many(forms) == [["oslo", "breakfast", "island"]]
    assert dictionary_run(settings).key != dictionary_run(plain).key
    assert isinstance(found, DictionaryCorrector)
    found.save(tmp_path)
    of_saved = composed(
        tmp_path, "bert_repair", *rules, f"model.dictionary.words={tmp_path}", "model.dictionary.capitals_of_text=true"
    )
    again = prepare_corrector(of_saved, PlainTask(), SETS)
    assert again is not None and again.correct_many(forms) == [["Oslo", "breakfast", "Island"]]


def test_the_words_of_a_saved_model_stand_for_a_text_that_is_not_read(tmp_path: Path) -> None:
    saved, moved = tmp_path / "saved", tmp_path / "moved"
    for folder, words in ((saved, ["lighthouse"]), (moved, ["lighthouse"]), (tmp_path / "other", ["keeper"])):
        folder.mkdir()
        DictionaryCorrector(dict.fromkeys(words, 9), REPAIR).save(folder)
    settings, same, other = (
        composed(tmp_path, "bert_repair", f"model.dictionary.words={folder}", "data.corpus.train=none.txt")
        for folder in (saved, moved, tmp_path / "other")
    )
    assert finetuning_run(settings).key == finetuning_run(same).key != finetuning_run(other).key
    assert finetuning_run(settings).key != finetuning_run(composed(tmp_path, "bert_repair")).key
    corrector = prepare_corrector(settings, PlainTask(), SETS)
    assert corrector is not None
    assert corrector.correct_many([["lihgthouse", "berakfast"]]) == [["lighthouse", "breakfast"]]
    assert not (tmp_path / "outputs").exists()


def test_words_that_are_not_there_are_refused_by_name(tmp_path: Path) -> None:
    missing = composed(tmp_path, "bert_repair", f"model.dictionary.words={tmp_path}")
    with pytest.raises(CheckpointError, match=r"^model\.dictionary\.words=.*no charbert_dictionary\.json in it"):
        finetuning_run(missing)
    DictionaryCorrector({"lighthouse": 1}, REPAIR).save(tmp_path)
    without_pairs = composed(tmp_path, "bert_context_repair", f"model.dictionary.words={tmp_path}")
    with pytest.raises(
        SettingsError, match=r"has no pairs of words, expected some for model\.dictionary\.pairs=300000"
    ):
        prepare_corrector(without_pairs, PlainTask(), SETS)


@pytest.mark.parametrize("model", ["bert_typo_repair", "charbert_own_data"])
def test_typo_repair_in_experiments_has_the_rules_of_repair_in_python(tmp_path: Path, model: str) -> None:
    assert dictionary_rules(composed(tmp_path, model).model.dictionary) == REPAIR


@pytest.mark.parametrize("model", ["bert_repair", "charbert_repair", "charbert_token_repair", "bert_context_repair"])
def test_rows_of_table_2_behind_repair_correct_what_the_attack_changes(tmp_path: Path, model: str) -> None:
    rules = dictionary_rules(composed(tmp_path, model).model.dictionary)
    assert rules.min_word_length == AttackSettings().min_word_length
    assert rules.end_edit_odds < REPAIR.end_edit_odds


def test_rules_change_the_result_but_not_the_counts_or_the_encoder(tmp_path: Path) -> None:
    plain = composed(tmp_path, "bert_dictionary")
    gated = composed(tmp_path, "bert_dictionary", "model.dictionary.gate=-20")
    assert finetuning_run(plain).key != finetuning_run(gated).key
    assert dictionary_run(plain).key == dictionary_run(gated).key
    assert (
        dictionary_run(plain).key
        != dictionary_run(composed(tmp_path, "bert_dictionary", "model.dictionary.size=5")).key
    )
    assert finetuning_run(plain).key != finetuning_run(composed(tmp_path, "bert")).key
    charbert, behind = composed(tmp_path, "charbert"), composed(tmp_path, "charbert", "model.dictionary.enabled=true")
    assert encoder_identity(charbert) == encoder_identity(behind)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.dictionary.size=0", r"model\.dictionary\.size must be at least 1"),
        ("model.dictionary.max_edits=3", r"model\.dictionary\.max_edits must be 1 or 2, got 3"),
        ("model.dictionary.min_word_length=1", r"model\.dictionary\.min_word_length must be at least 2"),
        ("model.dictionary.pairs=9", r"pairs=9 needs model\.dictionary\.estimate_noise=true"),
        ("model.dictionary.noise_rate=0.2", r"noise_rate=0\.2 needs model\.dictionary\.estimate_noise=true"),
        ("model.dictionary.noise_rate_words=2", r"noise_rate_words=2\.0 needs model\.dictionary\.estimate_noise=true"),
        ("model.dictionary.context_weight=0", r"context_weight=0\.0 needs .*pairs above 0.* at 0\.5$"),
        ("model.dictionary.end_edit_odds=0.1", r"end_edit_odds=0\.1 needs model\.dictionary\.keep_ends=false"),
        ("model.recognizer.enabled=true", "are both true; choose one"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        composed(tmp_path, "bert_dictionary", override)
