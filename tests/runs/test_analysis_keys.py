from collections.abc import Callable

import pytest

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.analyses import catalog
from charbert.records import ResultRecord, write_record
from charbert.runs.analysis_keys import (
    KIND,
    SENSITIVITY,
    WORD_VS_SUBWORD,
    analysis_records,
    comparison,
    finetuned_run,
    fragility_run,
    tagger_run,
    tokenizer_name,
)
from charbert.runs.comparability import comparison_keys

Composed = Callable[..., Settings]


@pytest.mark.parametrize(
    ("override", "same"),
    [
        ("analysis.tagger.hidden_size=7", (True, True, False, True)),
        ("analysis.sensitivity.stage=pretrained", (True, False, True, True)),
        ("finetuning.epochs=9", (False, False, False, True)),
        ("newswire.dev_sentences=9", (False, False, False, False)),
        ("tracking=off", (True, True, True, True)),
    ],
)
def test_a_key_depends_on_what_can_change_its_analysis(
    composed: Composed, override: str, same: tuple[bool, ...]
) -> None:
    def keys(settings: Settings) -> list[str]:
        runs = [finetuned_run(settings, analysis) for analysis in (WORD_VS_SUBWORD, SENSITIVITY)]
        runs += [tagger_run(settings, "char"), fragility_run(settings)]
        return [run.key for run in runs]

    pairs = zip(keys(composed("recipe=quick")), keys(composed("recipe=quick", override)), strict=True)
    assert tuple(key == changed_key for key, changed_key in pairs) == same


def test_each_kind_of_states_is_a_separate_run(composed: Composed) -> None:
    settings = composed("recipe=quick")
    assert tagger_run(settings, "char").record_path != tagger_run(settings, "token").record_path


def test_a_vocabulary_file_names_its_tokenizer_and_its_content_is_the_key(composed: Composed, tmp_path) -> None:
    path = tmp_path / "some-cased-vocab.txt"
    path.write_text("a\n")
    settings = composed("recipe=quick", f"analysis.fragility.vocabulary={path}")
    before = fragility_run(settings).key
    assert tokenizer_name(settings) == "some-cased"
    path.write_text("a\nb\n")
    assert fragility_run(settings).key != before


def finished(settings: Settings) -> None:
    run = finetuned_run(settings, SENSITIVITY)
    details = {
        "analysis": SENSITIVITY,
        "compared": comparison(settings, SENSITIVITY),
        "comparison": comparison_keys(settings),
    }
    write_record(run.record_path, ResultRecord(KIND, "x", run.name, run.key, {}, settings.seed, details=details))


def test_a_figure_holds_the_runs_that_differ_in_model_and_seed_only(composed: Composed) -> None:
    assert analysis_records(composed("recipe=quick"), SENSITIVITY) == []
    others = (("noise=keyboard",), ("analysis.sensitivity.stage=pretrained",), ("task=qnli",))
    for overrides in (("model=bert",), ("model=charbert", "seed=2"), *others):
        finished(composed("recipe=quick", *overrides))
    records = analysis_records(composed("recipe=quick"), SENSITIVITY)
    assert sorted((record.name.split("-")[-2], record.seed) for record in records) == [("bert", 1), ("charbert", 2)]


def test_entity_scores_are_refused_for_other_tasks(composed: Composed) -> None:
    with pytest.raises(SettingsError, match=r"task\.kind must be tagging, got classification"):
        catalog.WORD_VS_SUBWORD.run(composed("recipe=quick", "task=qnli"))
