"""Correctors are measured on a task's eval sets and on running text, and found again."""

from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import DataError, SettingsError
from charbert.metrics.correction import correction_scores
from charbert.pipelines.analyses.robustness import catalog
from charbert.pipelines.analyses.robustness.correction import corrector_name, text_word_sets
from charbert.runs.analysis_keys import correction_run
from charbert.text.words import words_of
from tests.composition import compose_settings

SCORES = set(correction_scores([["a"]], [["a"]], [["a"]]))


def composed(folder: Path, model: str, *overrides: str) -> Settings:
    places = [f"paths.{name}={folder / name}" for name in ("outputs", "results", "data")]
    small = ["recipe=smoke", "tracking=off", "analysis.correction.words=120"]
    return compose_settings("correction", *small, f"model={model}", *places, *overrides, folder=folder)


def test_a_dictionary_restores_words_and_a_plain_model_none(tmp_path: Path) -> None:
    (plain,) = catalog.CORRECTION.run(composed(tmp_path, "bert"))
    (dictionary,) = catalog.CORRECTION.run(composed(tmp_path, "bert_dictionary"))
    for name in ("ner/charbert", "text/charbert"):
        of_plain, of_dictionary = (
            {score: record.metrics[f"correction/{name}/{score}"] for score in SCORES} for record in (plain, dictionary)
        )
        assert of_plain["word_error_rate"] == of_plain["word_error_rate_before"] > 0.1
        assert of_plain["recall"] == of_plain["false_alarms"] == 0
        assert of_dictionary["word_error_rate_before"] == of_plain["word_error_rate_before"]
        assert of_dictionary["word_error_rate"] < of_plain["word_error_rate"] and of_dictionary["recall"] > 0.2
        assert of_dictionary["recall"] <= dictionary.metrics[f"correction/{name}/reach"] < 1
    for name in ("ner/clean", "text/clean"):
        assert dictionary.metrics[f"correction/{name}/word_error_rate_before"] == 0
    assert catalog.CORRECTION.run(composed(tmp_path, "bert_dictionary")) == [dictionary]
    table = (tmp_path / "results/tables/correction.md").read_text()
    assert table.index("no correction") < table.index("| dictionary")
    assert "text charbert" in table


def test_the_text_is_read_in_whole_paragraphs_up_to_the_words_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data/newswire").mkdir(parents=True)
    paragraphs = ["The keeper counted seven ships.", "Nobody answered; coffee!", "One more."]
    (tmp_path / "text.txt").write_text("\n\n".join(paragraphs))
    settings = composed(tmp_path, "bert", f"analysis.correction.text={tmp_path / 'text.txt'}")
    settings.robustness.families = {}
    for words, expected in ((1, 1), (6, 1), (7, 2), (99, 3)):
        settings.analysis.correction.words = words
        clean, noised = text_word_sets(settings)["text/charbert"]
        assert list(clean) == [words_of(text) for text in paragraphs[:expected]]
        assert clean != noised and [len(words) for words in clean] == [len(words) for words in noised]


def test_a_missing_text_is_named(tmp_path: Path) -> None:
    settings = composed(tmp_path, "bert", "analysis.correction.text=nowhere.txt")
    with pytest.raises(DataError, match=r"nowhere\.txt: expected a file with the text to correct, got no such file"):
        text_word_sets(settings)


def test_a_corrector_is_named_by_what_it_chooses_by(tmp_path: Path) -> None:
    names = {"bert_dictionary": "dictionary", "bert_repair": "repair", "bert_context_repair": "context repair"}
    names["bert_typo_repair"] = "typo repair"
    assert {model: corrector_name(composed(tmp_path, model)) for model in names} == names


def test_what_changes_a_result_changes_its_key_and_nothing_else_does(tmp_path: Path) -> None:
    def key(model: str, *overrides: str) -> str:
        return correction_run(composed(tmp_path, model, *overrides)).key

    assert key("charbert") == key("charbert", "finetuning.epochs=9")
    assert key("bert_dictionary") == key("bert_dictionary", "analysis.correction.threshold=0.9")
    assert key("bert_dictionary") == key("charbert", "model.dictionary.enabled=true"), "the dictionary alone corrects"
    keys = [
        key("charbert"),
        key("charbert", "analysis.correction.threshold=0.9"),
        key("charbert", "analysis.correction.words=7"),
        key("charbert", "attack.seed=7"),
        key("charbert", "noise.probability=0.3"),
        key("bert"),
        key("bert_dictionary"),
        key("bert_repair"),
        key("bert_wordrec"),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("words=0", r"analysis\.correction\.words must be at least 1"),
        ("threshold=1", r"analysis\.correction\.threshold must be"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        composed(tmp_path, "bert", f"analysis.correction.{override}")


@pytest.mark.slow
def test_an_nlm_head_corrects_where_no_dictionary_does(tmp_path: Path) -> None:
    (alone,) = catalog.CORRECTION.run(composed(tmp_path, "charbert"))
    (behind,) = catalog.CORRECTION.run(composed(tmp_path, "charbert", "model.dictionary.enabled=true"))
    for record, scores in ((alone, SCORES), (behind, {*SCORES, "reach"})):
        assert {name.rpartition("/")[2] for name in record.metrics} == scores
    before = alone.metrics["correction/text/charbert/word_error_rate_before"]
    assert behind.metrics["correction/text/charbert/word_error_rate"] < before
    assert alone.details["corrector"] == "NLM head, CharBERT"
    assert behind.details["corrector"] == "dictionary"
