from collections.abc import Sequence
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.errors import SettingsError
from charbert.pipelines.train.word_recognizer import prepare_recognizer
from charbert.records import read_records
from charbert.runs.keys import encoder_identity
from charbert.runs.run import finetuning_run, recognizer_run
from tests.composition import compose_settings


def composed(folder: Path, *overrides: str) -> Settings:
    places = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
    plain = ("recipe=smoke", "tracking=off", "model=bert_wordrec")
    return compose_settings("pretrain", *plain, *places, *overrides, folder=folder)


class PlainTask:
    """A task whose examples are lists of words."""

    name = "ner"

    def sentences(self, examples: Sequence[list[str]]) -> list[list[str]]:
        return list(examples)


SETS = {
    "train": [["the", "keeper", "counted", "seven", "ships", "before", "breakfast"]] * 20 + [[]],
    "dev": [["seven", "ships", "counted", "the", "keeper"]] * 3,
}


def test_a_recognizer_is_trained_only_once(tmp_path: Path) -> None:
    settings = composed(tmp_path, "model.recognizer.backoff=pass_through")
    folder = Path(prepare_recognizer(settings, PlainTask(), SETS))
    weights = folder / "model.safetensors"
    stamp = weights.stat().st_mtime_ns
    assert prepare_recognizer(settings, PlainTask(), SETS) == str(folder)
    assert weights.stat().st_mtime_ns == stamp
    (record,) = read_records(tmp_path / "results/records", kind="word_recognizer")
    assert {"eval/word_error_rate", "eval/word_accuracy", "eval/loss"} <= record.metrics.keys()
    assert record.training_tokens > 0
    assert record.details["words"] == 7


def test_settings_of_correction_change_the_result_but_not_the_recognizer(tmp_path: Path) -> None:
    cased, lower = composed(tmp_path), composed(tmp_path, "model.recognizer.keep_case=false")
    assert finetuning_run(cased).key != finetuning_run(lower).key
    assert recognizer_run(cased).key == recognizer_run(lower).key
    assert recognizer_run(cased, background=True).key != recognizer_run(cased).key


def test_the_background_recognizer_is_part_of_the_key_only_if_it_is_used(tmp_path: Path) -> None:
    size = "model.recognizer.background_vocab_size=77"
    alone = "model.recognizer.backoff=neutral"
    assert finetuning_run(composed(tmp_path)).key != finetuning_run(composed(tmp_path, size)).key
    assert finetuning_run(composed(tmp_path, alone)).key == finetuning_run(composed(tmp_path, alone, size)).key


def test_a_recognizer_that_is_off_changes_no_key(tmp_path: Path) -> None:
    bert = composed(tmp_path, "model=bert")
    other = composed(tmp_path, "model=bert", "model.recognizer.hidden_size=77")
    assert finetuning_run(bert).key == finetuning_run(other).key
    charbert = composed(tmp_path, "model=charbert")
    changed = composed(tmp_path, "model=charbert", "model.recognizer.hidden_size=77")
    assert encoder_identity(charbert) == encoder_identity(changed)


@pytest.mark.parametrize(
    "override", ["hidden_size=0", "vocab_size=0", "background_vocab_size=0", "max_words=0", "noise_probability=2"]
)
def test_a_setting_out_of_range_is_refused_by_name(tmp_path: Path, override: str) -> None:
    with pytest.raises(SettingsError, match=rf"model\.recognizer\.{override.split('=')[0]}"):
        composed(tmp_path, f"model.recognizer.{override}")
