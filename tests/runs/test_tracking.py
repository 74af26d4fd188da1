"""What W&B gets of a run: read back from the files of an offline run."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.config.schema import Settings
from charbert.runs import tracking
from charbert.runs.run import finetuning_run, trunk_run

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory, run_experiment: Run) -> tuple[dict[str, Any], list[Any], Path]:
    """The record of a fine-tuning, the entries of its W&B run, and the folder of both."""
    folder = tmp_path_factory.mktemp("tracked")
    run_experiment("finetune.py", folder, "task=ner", "model=bert")
    (path,) = (folder / "results/records").glob("ner-bert-*/record.json")
    (piece,) = (folder / "outputs/wandb").glob("offline-run-*-ner-bert-*")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(piece)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(path.read_text()), [json.loads(line) for line in lines], folder


def begun(entries: list[Any]) -> dict[str, Any]:
    return next(entry["run"] for entry in entries if entry["type"] == "run")


@pytest.mark.slow
def test_a_run_is_found_by_its_key_group_and_tags(tracked: tuple[dict[str, Any], list[Any], Path]) -> None:
    record, entries, _ = tracked
    run = begun(entries)
    assert run["run_id"] == record["wandb_id"] == f"ner-bert-s1-{record['key']}"
    assert (run["run_group"], run["job_type"], run["display_name"]) == ("finetune", "finetune", "ner-bert-s1")
    assert run["tags"] == ["recipe:smoke", "task:ner", "model:BERT", "attack:charbert"]


@pytest.mark.slow
def test_the_settings_have_the_names_of_the_command_line(tracked: tuple[dict[str, Any], list[Any], Path]) -> None:
    record, entries, folder = tracked
    config = begun(entries)["config"]["update"]
    assert config["finetuning"]["max_steps"] == 6 and config["task"]["name"] == "ner" and config["seed"] == 1
    assert config["data"]["train"] == "ner/train.txt"  # of the task alone, not of all sets
    assert config["run"] == {"kind": "finetune", "name": "ner-bert-s1", "key": record["key"]}
    assert not {"paths", "tracking", "analysis", "bench", "search", "explain"} & set(config)
    assert str(folder) not in json.dumps(config)


def test_settings_that_a_run_does_not_read_are_left_out(
    composed: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "tracking_run", lambda **about: about["config"])
    models = {model: composed("recipe=smoke", "task=cola", f"model={model}") for model in ("charbert", "bert", "tfidf")}
    read: dict[str, Any] = {
        model: tracking.track_run(settings, finetuning_run(settings)) for model, settings in models.items()
    }
    read["trunk"] = tracking.track_run(models["charbert"], trunk_run(models["charbert"]))
    pretrained = {"noise", "pretraining"}
    assert pretrained <= set(read["charbert"]) and pretrained.isdisjoint(read["bert"])
    assert {"trunk", "corpus", "finetuning"} <= set(read["bert"])
    assert {"trunk", "corpus", "finetuning"}.isdisjoint(read["tfidf"]) and read["tfidf"]["model"]["baseline"]
    assert {"trunk", "corpus"} <= set(read["trunk"]) and pretrained.isdisjoint(read["trunk"])


@pytest.mark.slow
def test_the_summary_has_the_main_scores_by_the_names_of_tables(
    tracked: tuple[dict[str, Any], list[Any], Path],
) -> None:
    record, entries, _ = tracked
    summary: dict[str, Any] = {}
    for entry in entries:
        summary |= entry["summary"]["update"] if entry["type"] == "summary" else {}
    paths = {"dev": "dev/ner/f1", "original": "eval/ner/f1", "attack": "attack/ner/charbert/f1"}
    for name, path in paths.items():
        assert summary[f"NER F1 {name}"] == pytest.approx(100 * record["metrics"][path])
        assert summary[path] == pytest.approx(record["metrics"][path])


@pytest.mark.slow
def test_the_model_is_an_artifact_of_paths_and_checksums(tracked: tuple[dict[str, Any], list[Any], Path]) -> None:
    record, entries, folder = tracked
    (artifact,) = [e["artifact"] for e in entries if e["type"] == "artifact" and e["artifact"]["type"] == "model"]
    assert artifact["name"] == f"ner-bert-s1-{record['key']}"
    files = {file["path"]: file for file in artifact["manifest"]["contents"]}
    weights = files["model.safetensors"]
    (path,) = (folder / "outputs/finetune").glob("ner-bert-*/model/model.safetensors")
    assert weights["ref"] == path.as_uri() and int(weights["size"]) == path.stat().st_size
    assert "local_path" not in weights  # which an upload has
    assert json.loads(artifact["metadata"])["sha256"] == record["details"]["weights"]
