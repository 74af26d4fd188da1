"""Two runs of the same settings, in processes of their own and with hashes of strings that differ, leave the same."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charbert.provenance import file_checksum
from tests.new_process import run_new

OF_THE_MOMENT = {"started", "finished", "wall_seconds", "wandb_id", "wandb_path", "git_dirty", "git_commit"}


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what each record says, by the record's folder, without what no two runs share."""
    contents = {}
    for path in sorted(folder.glob("results/records/*/record.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        contents[path.parent.name] = {name: value for name, value in content.items() if name not in OF_THE_MOMENT}
    return contents


def files(folder: Path) -> dict[str, str]:
    """Return the checksums of what was predicted, learnt and generated, by path."""
    kept = ("outputs/**/*.safetensors", "outputs/**/*.jsonl", "outputs/**/vocab*", "outputs/**/*_vocab.json")
    paths = [path for pattern in (*kept, "results/**/per_example.json") for path in folder.glob(pattern)]
    return {path.relative_to(folder).as_posix(): file_checksum(path) for path in sorted(paths)}


@pytest.mark.slow
def test_the_same_settings_give_the_same_record_and_the_same_weights(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Through the trunk's pretraining, that of the encoder, fine-tuning, the attack and the scores."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        paths = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}", "tracking=off"]
        command = ["experiments/finetune.py", "recipe=smoke", "task=ner", "model=charbert", *paths]
        if folder.name == "one":
            run_python(*command, PYTHONHASHSEED="1")
        else:
            assert run_new(command).returncode == 0  # its hashes of strings are seeded at random
    first, second = map(records, folders)
    assert {record["kind"] for record in first.values()} == {"trunk", "pretrain", "finetune"}
    assert first == second
    for record in first.values():
        assert record["data_checksums"]
        assert record["metrics"]
        assert set(record["details"]["weights"]) == {"model.safetensors"}
    assert files(folders[0]) == files(folders[1])
    checksums = {checksum for record in first.values() for checksum in record["details"]["weights"].values()}
    assert checksums <= set(files(folders[0]).values())
