from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.records import ResultRecord, write_record
from charbert.runs.comparability import comparable_records, comparison_keys, fitting_pretraining
from charbert.runs.run import finetuning_run, pretraining_run

Composed = Callable[..., Settings]


def finished(settings: Settings, kind: str = "finetune") -> None:
    run = finetuning_run(settings)
    record = ResultRecord(
        kind=kind,
        experiment="table2_robustness",
        name=run.name,
        key=run.key,
        settings={"model": {"name": settings.model.name}, "task": {"name": settings.task.name}},
        seed=settings.seed,
        details={"comparison": comparison_keys(settings)},
    )
    write_record(run.record_path, record)


def test_a_table_holds_the_runs_that_differ_in_model_and_seed_only(composed: Composed) -> None:
    wanted = [("model=bert", "seed=1"), ("model=bert", "seed=2"), ("model=charbert", "seed=1")]
    for overrides in (*wanted, ("model=charbert", "noise=keyboard"), ("model=bert", "finetuning.epochs=9")):
        finished(composed("recipe=minilm", *overrides))
    records = comparable_records(composed("recipe=minilm", "model=bert"))
    assert sorted((record.settings["model"]["name"], record.seed) for record in records) == [
        ("BERT", 1),
        ("BERT", 2),
        ("CharBERT", 1),
    ]
    keyboard = comparable_records(composed("recipe=minilm", "noise=keyboard"))
    assert len(keyboard) == 3  # the two of BERT serve here too


def test_any_model_is_compared_with_pretrained_ones(composed: Composed) -> None:
    models = ("bert_case", "bert_wordrec", "bert_repair", "charbert_pretrained", "overlap")
    fitting = [fitting_pretraining(composed("recipe=minilm", f"model={model}")) for model in ("charbert", *models)]
    assert all(keys == fitting[0] for keys in fitting)
    assert len(set(fitting[0])) == 3


def test_a_model_with_its_own_noise_is_compared_with_those_of_other_noise(composed: Composed) -> None:
    for overrides in (("model=charbert",), ("model=charbert_dense",), ("model=charbert", "noise=dense")):
        finished(composed("recipe=minilm", *overrides))
    dense = composed("recipe=minilm", "model=charbert_dense")
    assert dense.noise == composed("recipe=minilm", "noise=dense").noise
    records = comparable_records(composed("recipe=minilm", "model=bert"))
    assert sorted(record.settings["model"]["name"] for record in records) == ["CharBERT", "CharBERT, dense noise"]
    other_text = comparable_records(composed("recipe=minilm", "model=bert", "corpus.max_words=7"))
    assert not other_text


def test_a_row_with_its_own_noise_shares_the_encoder_of_that_noise(composed: Composed) -> None:
    dense, same = composed("recipe=minilm", "model=charbert_dense"), composed("recipe=minilm", "noise=dense")
    assert pretraining_run(dense).key == pretraining_run(same).key


def test_a_set_with_the_same_files_is_the_same_whatever_the_others_are(composed: Composed) -> None:
    for overrides in (("task=ner",), ("task=qnli", "data=benchmarks"), ("task=qnli", "data=folds")):
        finished(composed("recipe=minilm", "model=bert", *overrides))
    records = comparable_records(composed("recipe=minilm", "model=bert", "data=folds", "task=ner"))
    of_folds = finetuning_run(composed("recipe=minilm", "model=bert", "data=folds", "task=qnli")).key
    assert {record.settings["task"]["name"] for record in records} == {"ner", "qnli"}
    assert of_folds in {record.key for record in records}
    assert len(records) == 2


def test_runs_on_a_set_that_is_read_more_often_are_compared_with_baselines_only(composed: Composed) -> None:
    longer = "data.sets.ner.epochs_factor=3"
    plain, read_thrice = composed("recipe=minilm", "model=bert"), composed("recipe=minilm", "model=bert", longer)
    baseline, same = (
        composed("recipe=minilm", "model=char_tfidf"),
        composed("recipe=minilm", "model=char_tfidf", longer),
    )
    assert finetuning_run(plain).key != finetuning_run(read_thrice).key
    assert finetuning_run(baseline).key == finetuning_run(same).key
    finished(plain)
    finished(read_thrice)
    finished(baseline, "baseline")
    for settings in (plain, read_thrice):
        keys = {record.key for record in comparable_records(settings)}
        assert keys == {finetuning_run(settings).key, finetuning_run(baseline).key}


def test_scores_of_the_first_folds_are_not_compared_with_those_of_all(composed: Composed) -> None:
    part = composed("recipe=minilm", "model=bert", "task=squad1")
    whole = composed("recipe=minilm", "model=bert", "task=squad1", "data=folds")
    assert (part.data.sets["squad1"].folds.run_first, whole.data.sets["squad1"].folds.run_first) == (1, 0)
    assert comparison_keys(part)["set"] != comparison_keys(whole)["set"]
    assert comparison_keys(part)["shared"] == comparison_keys(whole)["shared"]


def test_a_model_adapted_in_another_way_is_in_another_table(composed: Composed) -> None:
    for overrides in ((), ("strategy=lora",)):
        finished(composed("recipe=minilm", "model=bert", *overrides))
    (usual,) = comparable_records(composed("recipe=minilm", "model=bert"))
    (adapted,) = comparable_records(composed("recipe=minilm", "model=charbert", "strategy=lora"))
    assert usual.key != adapted.key


@pytest.mark.parametrize("model", ["charbert_pretrained", "charbert_released"])
def test_an_encoder_from_elsewhere_is_compared_with_pretrained_ones(
    composed: Composed, tmp_path: Path, model: str
) -> None:
    finished(composed("recipe=minilm", "model=charbert"))
    elsewhere = composed("recipe=minilm", f"model={model}", f"paths.data={tmp_path}")
    assert [record.settings["model"]["name"] for record in comparable_records(elsewhere)] == ["CharBERT"]
