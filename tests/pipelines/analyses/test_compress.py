"""Smaller forms of a fine-tuned model: made from it, measured on the same examples, and told apart."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.config.schema import Settings
from charbert.deploy.compress.prune import sparsity
from charbert.deploy.onnx.export import load_model
from charbert.errors import CheckpointError, SettingsError
from charbert.pipelines.analyses import catalog
from charbert.pipelines.analyses.forms import forms
from charbert.pipelines.train import finetune
from charbert.runs.run import finetuning_run

Benchmarks = Callable[..., Settings]


@pytest.fixture
def settings(entities: Benchmarks) -> Benchmarks:
    return lambda *more: entities("compression.timed_examples=2", *more)


def test_forms_are_measured_alike_and_found_again(settings: Benchmarks) -> None:
    chosen = settings("compression.variants=[original,half,pruned]", "compression.pruned_shares=[0.5]")
    records = catalog.COMPRESSION.run(chosen)
    assert [record.details["label"] for record in records] == ["BERT, original", "BERT, half", "BERT, pruned 50 %"]
    original, half, pruned = (record.metrics for record in records)
    finetuned = finetune.run(chosen).metrics
    for name in ("eval/ner/f1", "attack/ner/charbert/f1", "attack/ner/released/f1", "eval/ner/token_accuracy"):
        assert original[name] == pytest.approx(finetuned[name])
    assert half["size/stored"] == pytest.approx(original["size/stored"] / 2, rel=0.1)
    assert pruned["size/stored"] == pytest.approx(original["size/stored"], rel=0.01)
    assert pruned["size/compressed"] < original["size/compressed"]
    assert all(record.metrics[f"latency/batch_{size}"] > 0 for record in records for size in (1, 32))
    form = forms(chosen)[2]
    measured = sparsity(load_model(form.run.model_folder))
    assert measured.zero == round(0.5 * measured.prunable)
    assert pruned["sparsity/of_all"] == pytest.approx(measured.share_of_all)
    written = form.run.record_path.stat().st_mtime_ns
    assert catalog.COMPRESSION.run(chosen) == records
    assert form.run.record_path.stat().st_mtime_ns == written
    with (Path(chosen.paths.results) / "tables" / "compress.csv").open(newline="") as stream:
        assert {row["model"] for row in csv.DictReader(stream)} == {record.details["label"] for record in records}


def test_zeros_survive_a_recovery_that_moves_the_other_weights(settings: Benchmarks) -> None:
    overrides = ("compression.variants=[pruned]", "compression.pruned_shares=[0.5]")
    plain, recovered = settings(*overrides), settings(*overrides, "compression.recovery_steps=2")
    weights_of_runs = []
    for chosen in (plain, recovered):
        (record,) = catalog.COMPRESSION.run(chosen)
        assert record.metrics["sparsity/of_matrices"] == pytest.approx(0.5, abs=1e-3)
        weights_of_runs.append(load_model(forms(chosen)[0].run.model_folder).state_dict()["classifier.weight"])
    assert not weights_of_runs[0].equal(weights_of_runs[1])


def test_a_model_made_elsewhere_has_a_row_and_is_identified_by_its_weights(
    settings: Benchmarks, tmp_path: Path
) -> None:
    folder = finetuning_run(settings()).folder
    finetune.run(settings())
    chosen = settings(
        "compression.variants=[]", f"+compression.folders.student={folder}", "compression.eval_sets=[released]"
    )
    (record,) = catalog.COMPRESSION.run(chosen)
    assert record.details["label"] == "student"
    assert record.details["versions"] == ["clean", "released"]
    key, moved = forms(chosen)[0].run.key, tmp_path / "moved"
    (folder / "model").rename(moved)
    again = settings(
        "compression.variants=[]", f"+compression.folders.student={moved}", "compression.eval_sets=[released]"
    )
    assert forms(again)[0].run.key == key


def test_a_model_of_other_labels_is_refused(settings: Benchmarks, tmp_path: Path) -> None:
    finetune.run(settings())
    source = finetuning_run(settings()).model_folder
    model = load_model(source)
    model.config.id2label = {number: f"X{number}" for number in model.config.id2label}
    for path in source.iterdir():
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    model.config.save_pretrained(tmp_path / "other")
    chosen = settings("compression.variants=[]", f"+compression.folders.student={tmp_path / 'other'}")
    with pytest.raises(CheckpointError, match=r"expected a model with the labels O, B-LOC, .* of task=ner, got X0"):
        catalog.COMPRESSION.run(chosen)
    assert forms(chosen)[0].run.finished() is None


def test_a_model_behind_a_word_recognizer_that_was_made_elsewhere_is_refused(
    settings: Benchmarks, tmp_path: Path
) -> None:
    (tmp_path / "other" / "word_recognizer").mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "other" / name).write_text("{}")
    chosen = settings("compression.variants=[]", f"+compression.folders.student={tmp_path / 'other'}")
    with pytest.raises(CheckpointError, match="got one with a word recognizer in front"):
        catalog.COMPRESSION.run(chosen)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["compression.variants=[original]", "compression.eval_sets=[none]"], "compression.eval_sets must be of clean"),
        (["model=bert_wordrec"], "has a word recognizer or a dictionary in front"),
        (["compression.variants=[]"], "compression.variants is empty"),
        (["compression.pruned_shares=[1.2]"], r"compression.pruned_shares must be in \(0, 1\), got 1.2"),
        (
            ["compression.variants=[]", "+compression.folders.x=nowhere"],
            "compression.folders.x=nowhere holds no model",
        ),
    ],
)
def test_invalid_settings_are_refused(settings: Benchmarks, overrides: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        catalog.COMPRESSION.run(settings(*overrides))


def test_each_share_and_number_of_recovery_steps_has_its_own_key(settings: Benchmarks) -> None:
    chosen = settings("compression.variants=[pruned]", "compression.pruned_shares=[0.3,0.5]")
    recovered = settings(
        "compression.variants=[pruned]", "compression.pruned_shares=[0.3]", "compression.recovery_steps=9"
    )
    keys = [form.run.key for form in forms(chosen) + forms(recovered)]
    assert len(set(keys)) == 3


@pytest.mark.slow
def test_the_experiment_draws_one_table_of_all_forms(
    pretrained_folder: Callable[[], Path], run_experiment: Callable[..., object]
) -> None:
    folder = pretrained_folder()
    variants = "compression.variants=[original,onnx,onnx_int8]"
    run_experiment("compress.py", folder, "hydra.mode=RUN", "model=charbert", variants, "tracking=off")
    table = (folder / "results/tables/compress.md").read_text()
    assert all(f"CharBERT, {form}" in table for form in ("original", "ONNX", "ONNX int8"))
    assert (folder / "results/figures/compress.png").stat().st_size > 10_000
    run_experiment("tables.py", folder, "tracking=off")  # redraws it from the records
    assert (folder / "results/tables/compress.md").read_text() == table
