"""Model folders that are damaged or made to harm: one line and exit code 2, before memory or time is spent."""

import json
import re
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from charbert.deploy.command import main

Change = Callable[[Path], object]


def edit(name: str, **values: Any) -> Change:
    """Return what changes values at the top of a JSON file."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def edit_trunk(**values: Any) -> Change:
    def change(folder: Path) -> None:
        trunk = json.loads((folder / "config.json").read_text())["trunk_config"]
        edit("config.json", trunk_config=trunk | values)(folder)

    return change


def edit_json(name: str, place: tuple[str, str], value: Any) -> Change:
    """Return what changes one value two levels deep in a JSON file."""

    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        content[place[0]][place[1]] = value
        (folder / name).write_text(json.dumps(content))

    return change


def cut(name: str, share: float) -> Change:
    """Return what leaves only the beginning of a file."""

    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return change


def weights(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Change:
    """Return what writes changed weights."""

    def write(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})

    return write


CHANGES: dict[str, tuple[Change, str]] = {
    "an unrelated tensor": (weights(lambda _: {"unrelated": torch.zeros(2)}), "model.safetensors: .*got none for "),
    "no head": (
        weights(lambda given: {name: weight for name, weight in given.items() if "classifier" not in name}),
        r"model.safetensors: .*got none for 2 \(classifier\.bias, classifier\.weight\)",
    ),
    "prefixed names": (weights(lambda given: {f"module.{name}": w for name, w in given.items()}), r"\(module\."),
    "NaN": (
        weights(lambda given: given | {"classifier.bias": given["classifier.bias"] * torch.nan}),
        "NaN or infinity",
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "expected the weights of a model, got"),
    "half the weights": (cut("model.safetensors", 0.5), "model.safetensors: expected the weights of a model, got"),
    "a header of an exabyte": (
        lambda folder: (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**60) + bytes(99)),
        "model.safetensors: expected the weights of a model, got",
    ),
    "weights without end": (
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            (folder / "model.safetensors").symlink_to("/dev/zero"),
        ),
        "expected the weights of a model, got",
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), r"model: expected the file tokenizer\.json"),
    "a template without its tokens, at which the library panics": (
        edit_json("tokenizer.json", ("post_processor", "special_tokens"), {}),
        "model: expected a model that answers, got",
    ),
    "half a tokenizer": (cut("tokenizer.json", 0.5), "model: expected a tokenizer"),
    "half a configuration": (cut("config.json", 0.5), "config.json: expected the configuration of a model"),
    "half a vocabulary": (cut("char_vocab.json", 0.5), "char_vocab.json"),
    "ten million layers": (edit_trunk(num_hidden_layers=10**7), "num_hidden_layers must be at most 1000"),
    "a thousand layers": (edit_trunk(num_hidden_layers=1000, hidden_size=4096), "config.json: expected"),
    "fewer layers in the file": (edit_trunk(num_hidden_layers=3), r"got none for \d+ \(charbert\."),
    "rows of a billion": (
        edit("tokenizer_config.json", mode="released", row_length=10**9),
        "row_length=1000000000 needs",
    ),
    "no step between windows": (edit("charbert_usage.json", document_stride=0), "document_stride=0, which is not in"),
    "windows of text": (edit("charbert_usage.json", max_length="long"), "max_length of str"),
    "no threshold": (edit("charbert_usage.json", no_answer_threshold=float("nan")), "no_answer_threshold=nan"),
    "no heads": (edit_trunk(num_attention_heads=-1), "model: expected a model that answers, got"),
    "a kernel": (edit("config.json", quantization_config={"quant_method": "mxfp4"}), "got quantization_config"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_damaged_model_is_refused_in_one_line(
    name: str, tagger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, expected = CHANGES[name]
    folder = shutil.copytree(tagger, tmp_path / "model")
    change(folder)
    (tmp_path / "texts").write_text("Seven ships\n")
    started = time.process_time()
    assert main(["predict", str(folder), str(tmp_path / "texts"), "--quiet"]) == 2
    assert time.process_time() - started < 3
    output, error = capsys.readouterr()
    assert not output and error.startswith("charbert: error: ") and error.count("\n") == 1
    assert re.search(expected, error), error


@pytest.mark.parametrize("command", ["encoder", "export", "serve"])
def test_the_other_commands_refuse_it_too(
    command: str, tagger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(tagger, tmp_path / "model")
    for name in ("an unrelated tensor", "no tokenizer", "ten million layers"):
        shutil.copytree(tagger, folder, dirs_exist_ok=True)
        CHANGES[name][0](folder)
        target = [] if command == "serve" else [str(tmp_path / "target")]
        assert main([command, str(folder), *target]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "target").exists()
