"""The experiments of Tables 1 to 4: some cells of each at the smallest scale, all others composed."""

import csv
import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from charbert.config.schema import Settings
from charbert.reporting.tables.paper import TABLE_SPECS
from charbert.runs.run import finetuning_run
from tests.composition import CONF, compose_settings

Run = Callable[..., subprocess.CompletedProcess[str]]
SWEPT = {
    "table1_qa_classification": ("model=bert,charbert", "task=cola"),
    "table2_robustness": ("model=bert_wordrec,charbert", "task=squad2"),
    "table3_sequence_labeling": ("model=bert,charbert", "task=pos"),
    "table4_ablation": ("model=charbert_no_gru,charbert_no_interaction,charbert_no_nlm", "task=qnli"),
}
"""What is run of each table; together all kinds of tasks, models and metrics."""


def sweep(stem: str) -> list[tuple[str, ...]]:
    """Return the overrides of every cell that the bare command runs."""
    params = yaml.safe_load((CONF / f"{stem}.yaml").read_text())["hydra"]["sweeper"]["params"]
    choices = [[f"{name}={value}" for value in str(values).split(",")] for name, values in params.items()]
    return list(itertools.product(*choices))


def composed(stem: str, *overrides: str) -> Settings:
    return compose_settings(stem, "paths.outputs=o", "paths.results=r", *overrides)


def chosen(run: tuple[str, ...], group: str) -> str:
    return next(override for override in run if override.startswith(f"{group}=")).partition("=")[2]


@pytest.mark.parametrize("stem", TABLE_SPECS)
def test_the_sweep_of_a_table_covers_every_row_that_is_ours_and_every_column(stem: str) -> None:
    spec = TABLE_SPECS[stem]
    chosen_models = {chosen(run, "model") for run in sweep(stem)}
    names = {model: yaml.safe_load((CONF / f"model/{model}.yaml").read_text())["name"] for model in chosen_models}
    measured = {(names[chosen(run, "model")], chosen(run, "task")) for run in sweep(stem)}
    elsewhere = {"RoBERTa", "CharBERT-RoBERTa", "XLNet", "Flair", "Meta-BiLSTM"}  # another trunk, or not ours
    rows = {label for label in spec.published.rows if label not in elsewhere}
    tasks = {measure.task for measure in spec.published.measures}
    assert set(itertools.product(rows, tasks)) <= measured


@pytest.mark.slow
def test_every_run_composes_and_has_a_key_of_its_own() -> None:
    runs = sorted({run for stem in TABLE_SPECS for run in sweep(stem)})
    settings = [composed("table2_robustness", "recipe=minilm", *run) for run in runs]
    assert len({finetuning_run(setting).key for setting in settings}) == len(runs)


@pytest.mark.parametrize("recipe", ["smoke", "quick", "minilm", "paper"])
def test_every_recipe_has_data_for_every_column(recipe: str) -> None:
    tasks = {chosen(run, "task") for stem in TABLE_SPECS for run in sweep(stem)}
    assert tasks <= composed("table2_robustness", f"recipe={recipe}").data.sets.keys()


def test_a_run_is_the_same_in_every_table() -> None:
    overrides = ("recipe=quick", "model=charbert", "task=qnli")
    stems = ("table1_qa_classification", "table2_robustness", "table4_ablation")
    assert len({finetuning_run(composed(stem, *overrides)).key for stem in stems}) == 1


def test_another_trunk_is_one_override() -> None:
    settings = composed("table1_qa_classification", "recipe=paper", "trunk=roberta_base", "task=squad2")
    assert settings.trunk.location == "FacebookAI/roberta-base"


@pytest.fixture(scope="module")
def folder(pretrained_folder: Callable[[], Path], run_experiment: Run) -> Path:
    folder = pretrained_folder()
    for stem, overrides in SWEPT.items():
        run_experiment(f"{stem}.py", folder, *overrides, f"tracking={'off' if '1' in stem else 'offline'}")
    run_experiment("tables.py", folder)  # cells of one experiment stand in the tables of others too
    return folder


def scores(folder: Path, stem: str) -> dict[tuple[str, str], float]:
    rows = csv.DictReader((folder / f"results/tables/{stem}.csv").open())
    return {(row["model"], row["column"]): float(row["mean"]) for row in rows if row["mean"]}


@pytest.mark.slow
def test_every_table_shows_what_was_run(folder: Path) -> None:
    tables = {stem: scores(folder, stem) for stem in TABLE_SPECS}
    assert set(tables["table1_qa_classification"]) >= {("BERT", "CoLA Matthews"), ("CharBERT", "SQuAD 2.0 EM")}
    assert {("BERT+WordRec", f"SQuAD 2.0 F1 {c}") for c in ("original", "attack")} <= set(tables["table2_robustness"])
    assert set(tables["table3_sequence_labeling"]) == {("BERT", "POS acc."), ("CharBERT", "POS acc.")}
    ablated = {label for label, column in tables["table4_ablation"] if column == "QNLI acc. attack"}
    assert ablated == {"w/o GRU", "w/o interaction", "w/o NLM"}


@pytest.mark.slow
def test_the_ablations_are_the_models_that_they_are_called(folder: Path) -> None:
    configs = {
        name: json.loads(next((folder / "outputs/finetune").glob(f"qnli-{name}-*/model/config.json")).read_text())
        for name in ("w-o-gru", "w-o-heterogeneous-interaction", "w-o-nlm")
    }
    assert [config["char_encoder"] for config in configs.values()] == ["embeddings", "gru", "gru"]
    assert [config["interaction"] for config in configs.values()] == ["paper", "none", "paper"]
    history = json.loads(next((folder / "results/records").glob("pretrain-w-o-nlm-*/record.json")).read_text())
    assert not any("nlm" in name for entry in history["details"]["history"] for name in entry)


@pytest.mark.slow
def test_everything_is_redrawn_to_the_same_bytes(folder: Path, run_experiment: Run) -> None:
    results = folder / "results"
    before = {path: path.read_bytes() for name in ("tables", "figures") for path in (results / name).iterdir()}
    for path in before:
        path.unlink()
    run_experiment("tables.py", folder)
    drawn = {path: path.read_bytes() for path in before if path.exists()}
    assert drawn == before
