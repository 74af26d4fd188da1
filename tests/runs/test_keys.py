"""Keys keep the spelling that settings had when results were first recorded."""

from collections.abc import Callable

import pytest

from charbert.config.schema import Settings
from charbert.config.training.trainer import Precision
from charbert.records import settings_key
from charbert.runs import keys
from charbert.runs.run import recognizer_run

Composed = Callable[..., Settings]


def test_a_renamed_setting_keeps_its_name_in_keys(composed: Composed, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = composed("recipe=quick")
    before = keys.section_identity(settings, "attack")
    monkeypatch.setitem(keys.STORED_NAMES, "attack.seed", "number")
    after = keys.section_identity(settings, "attack")
    assert after.pop("number") == before.pop("seed")
    assert after == before


def test_settings_are_left_out_by_their_names_in_keys(composed: Composed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keys.STORED_NAMES, "model.char_encoder", "channel")
    settings = composed("recipe=quick", "model=charbert")
    assert "channel" in keys.section_identity(settings, "model", without=("char_encoder",))
    assert "channel" not in keys.section_identity(settings, "model", without=("channel",))


def test_a_renamed_value_keeps_its_spelling_in_keys(composed: Composed, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = composed("recipe=quick", "model=charbert")
    monkeypatch.setitem(keys.STORED_VALUES, "model.char_encoder", {settings.model.char_encoder.name: "earlier"})
    assert keys.section_identity(settings, "model")["char_encoder"] == "earlier"
    monkeypatch.setitem(keys.STORED_VALUES, "model.char_encoder", {"another": "earlier"})
    assert keys.section_identity(settings, "model")["char_encoder"] is settings.model.char_encoder


def test_what_auto_chooses_is_no_part_of_a_key_and_a_precision_set_by_hand_is(composed: Composed) -> None:
    for recipe in ("quick", "minilm", "paper"):
        settings = composed(f"recipe={recipe}")
        assert {settings.finetuning.precision, settings.pretraining.precision} == {Precision.auto}
        chosen = composed(f"recipe={recipe}", "finetuning.precision=bf16")
        by_hand = composed(f"recipe={recipe}", "finetuning.precision=fp32")
        identity = keys.finetuning_identity(settings)
        assert settings_key(identity) == settings_key(keys.finetuning_identity(chosen))
        assert settings_key(identity) != settings_key(keys.finetuning_identity(by_hand))


def test_a_word_recognizer_of_prepared_examples_is_another_one(composed: Composed) -> None:
    plain, prepared = (
        composed("recipe=minilm", "model=bert_wordrec", f"preparation={name}") for name in ("none", "clean")
    )
    assert recognizer_run(plain).key != recognizer_run(prepared).key
    assert recognizer_run(plain, background=True).key == recognizer_run(prepared, background=True).key
