from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.runs.run import (
    finetuning_run,
    pretraining_run,
    trunk_run,
)

Composed = Callable[..., Settings]


def test_a_run_that_was_finished_with_earlier_code_is_found_again(composed: Composed) -> None:
    assert finetuning_run(composed("recipe=minilm", "task=ner", "model=bert")).key == "bf4c13eb9c20"


@pytest.mark.parametrize(("model", "key"), [("charbert", "9e061d8cdaf2"), ("adv_bert", "46e4b6db81a6")])
def test_an_encoder_that_was_pretrained_with_earlier_code_is_found_again(
    composed: Composed, model: str, key: str
) -> None:
    assert pretraining_run(composed("recipe=minilm", "corpus.max_words=2000000", f"model={model}")).key == key


@pytest.mark.parametrize(
    "override",
    [
        "tracking=off",
        "finetuning.num_workers=4",
        "finetuning.log_every=1",
        "paths.data=elsewhere",
        "pretraining.checkpoints=3",
    ],
)
def test_what_cannot_change_a_number_does_not_change_the_key(composed: Composed, override: str) -> None:
    assert finetuning_run(composed("recipe=minilm", override)).key == finetuning_run(composed("recipe=minilm")).key


@pytest.mark.parametrize(
    "override",
    [
        "seed=2",
        "finetuning.epochs=9",
        "attack.seed=1",
        "noise=keyboard",
        "model=adv_bert",
        "corpus.max_words=7",
        "pretraining_seed=5",
    ],
)
def test_what_can_change_a_number_changes_the_key(composed: Composed, override: str) -> None:
    assert finetuning_run(composed("recipe=minilm", override)).key != finetuning_run(composed("recipe=minilm")).key


def test_one_pretrained_encoder_serves_all_seeds_and_tasks(composed: Composed) -> None:
    first, second = composed("recipe=minilm", "seed=1"), composed("recipe=minilm", "seed=2", "finetuning.epochs=9")
    assert pretraining_run(first).folder == pretraining_run(second).folder


def test_a_model_behind_a_dictionary_starts_from_the_encoder_pretrained_for_the_model_without_it(
    composed: Composed, tmp_path: Path
) -> None:
    results = f"paths.results={tmp_path}"
    plain = pretraining_run(composed("recipe=minilm", results, "model=charbert_trunk_teacher"))
    behind = composed("recipe=minilm", results, "model=charbert_trunk_teacher_repair")
    assert pretraining_run(behind).key == plain.key
    assert pretraining_run(behind).folder != plain.folder  # none is made yet: it will be made under its own name
    plain.record_path.parent.mkdir(parents=True)
    assert pretraining_run(behind).folder == plain.folder
    other = composed("recipe=minilm", results, "model=charbert_trunk_teacher_repair", "pretraining_seed=5")
    assert pretraining_run(other).folder != plain.folder


def test_settings_of_pretraining_do_not_change_the_key_of_a_plain_trunk(composed: Composed) -> None:
    settings = composed("recipe=minilm", "model=bert")
    other = composed("recipe=minilm", "model=bert", "noise=keyboard", "pretraining.epochs=9", "corpus.max_words=7")
    assert finetuning_run(settings).key == finetuning_run(other).key


def test_a_trunk_from_scratch_depends_on_its_text(composed: Composed) -> None:
    first, second = composed("recipe=quick"), composed("recipe=quick", "newswire.seed=2")
    assert trunk_run(first).key != trunk_run(second).key


def test_checkpoints_of_a_run_killed_after_its_record_are_deleted(composed: Composed, tmp_path: Path) -> None:
    run = pretraining_run(composed("recipe=smoke", f"paths.outputs={tmp_path}"))
    (run.checkpoints_folder / "checkpoint-4").mkdir(parents=True)
    run.make_once(pytest.fail, lambda: True)
    assert not run.checkpoints_folder.exists()
