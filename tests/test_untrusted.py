"""Files made by somebody who means harm: a pickle that would run code, a name that leads out of its folder.

Each door through which a file comes in is tried with one, and what the file would do must not happen.
"""

import ast
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from charbert.config.data.noise import AttackSettings
from charbert.config.data.sets import DataSettings, NewswireSettings, SetFiles, TaskSettings
from charbert.config.model.encoder import TrunkSettings, TrunkSource
from charbert.config.training.trainer import TrainingSettings
from charbert.deploy.command import main as command
from charbert.deploy.predict.predictor import Predictor
from charbert.errors import CheckpointError, RecordError, SettingsError
from charbert.evaluation.logits import read_scores
from charbert.files import replaced_file, replaced_folder
from charbert.integrity import record_checksums
from charbert.model import CharBertConfig, CharBertForTokenClassification, CharBertModel
from charbert.model.adaptation.lora import load_adapted
from charbert.model.tokenization import CharBertTokenizer
from charbert.model.word_recognizer.network import WordRecognizer, WordRecognizerConfig
from charbert.pipelines.build.data import trunk_location
from charbert.records import ResultRecord, read_record
from charbert.runs.errors import reported
from charbert.synthetic.data_sets import write_newswire
from charbert.text.char_vocab import CharVocab
from charbert.training.arguments import build_arguments
from charbert.training.checkpoints import newest_checkpoint
from charbert.training.trainer import CharBertTrainer

ROOT = Path(__file__).parents[1]
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


class Malicious:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Return what a malicious file would make, after showing that it would."""
    pickle.loads(pickle.dumps(Malicious(tmp_path / "proof")))
    assert (tmp_path / "proof").is_dir()
    return tmp_path / "owned"


@pytest.fixture
def model_folder(tmp_path: Path, uncased_tokenizer: PreTrainedTokenizerFast, char_vocab: CharVocab) -> Path:
    """A fine-tuned model as a run leaves it."""
    folder = tmp_path / "model"
    config = CharBertConfig(
        trunk_config=BertConfig(vocab_size=len(uncased_tokenizer), **SIZES),
        char_vocab=char_vocab.to_dict(),
        char_embedding_size=4,
    )
    CharBertForTokenClassification(config).save_pretrained(folder)
    CharBertTokenizer(uncased_tokenizer, char_vocab).save_pretrained(folder)
    return folder


def spoil(folder: Path, marker: Path) -> None:
    """Put a malicious file in the place of a folder's weights, and beside them."""
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Malicious(marker)}, folder / "pytorch_model.bin")
    torch.save(Malicious(marker), folder / "training_args.bin")


@pytest.mark.parametrize("load", [Predictor.load, CharBertModel.from_pretrained])
def test_a_model_whose_weights_are_a_malicious_pickle_is_refused(
    load: Callable[[Path], object], model_folder: Path, marker: Path
) -> None:
    load(model_folder)
    spoil(model_folder, marker)
    with pytest.raises(CheckpointError, match="expected weights of tensors alone"):
        load(model_folder)
    assert not marker.exists()


def test_the_command_says_what_is_wrong_with_such_a_model(
    model_folder: Path, marker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(model_folder, marker)
    (tmp_path / "texts").write_text("Seven ships\n")
    assert command(["predict", str(model_folder), str(tmp_path / "texts")]) == 2
    assert "expected weights of tensors alone" in capsys.readouterr().err
    assert not marker.exists()


def test_a_trunk_and_a_recognizer_of_malicious_pickles_are_refused(
    tmp_path: Path, marker: Path, char_vocab: CharVocab
) -> None:
    for name, model, load in [
        ("trunk", BertModel(BertConfig(**SIZES)), CharBertModel.from_trunk),
        (
            "recogniser",
            WordRecognizer(WordRecognizerConfig(words=["a"], char_vocab=char_vocab.to_dict())),
            WordRecognizer.from_pretrained,
        ),
    ]:
        model.save_pretrained(tmp_path / name)
        spoil(tmp_path / name, marker)
        with pytest.raises(CheckpointError, match="expected weights of tensors alone"):
            load(tmp_path / name)
    assert not marker.exists()


def test_an_entry_point_says_what_is_wrong_with_such_weights(
    tmp_path: Path, marker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    BertModel(BertConfig(**SIZES)).save_pretrained(tmp_path / "trunk")
    spoil(tmp_path / "trunk", marker)
    with pytest.raises(SystemExit, match="2"):
        reported(CharBertModel.from_trunk)(tmp_path / "trunk")
    assert "pytorch_model.bin: expected weights of tensors alone" in capsys.readouterr().err
    assert not marker.exists()


@pytest.fixture
def adapted(model_folder: Path) -> Path:
    """The folder of a model with adapters that belong to another one."""
    folder = model_folder.with_name("adapted")
    (folder / "adapters").mkdir(parents=True)
    (folder / "config.json").write_text((model_folder / "config.json").read_text())
    about = {"peft_type": "LORA", "base_model_name_or_path": str(model_folder), "target_modules": ["query"], "r": 2}
    (folder / "adapters/adapter_config.json").write_text(json.dumps(about))
    return folder


def test_adapters_of_malicious_pickles_are_refused(adapted: Path, marker: Path) -> None:
    torch.save({"weight": Malicious(marker)}, adapted / "adapters/adapter_model.bin")
    with pytest.raises(CheckpointError, match="expected weights of tensors alone"):
        load_adapted(CharBertForTokenClassification, adapted)
    assert not marker.exists()


def test_adapters_that_go_round_in_a_circle_are_refused(adapted: Path, tmp_path: Path) -> None:
    shutil.copytree(adapted, tmp_path / "second")
    for folder, base in [(adapted, "second"), (tmp_path / "second", "adapted")]:
        path = folder / "adapters/adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": str(tmp_path / base)}))
    with pytest.raises(CheckpointError, match="got adapters of themselves"):
        load_adapted(CharBertForTokenClassification, adapted)


class Toy(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": self.layer(x).square().mean()}


def train(folder: Path) -> Any:
    data = [{"x": torch.ones(2)} for _ in range(4)]
    arguments = build_arguments(TrainingSettings(epochs=1, batch_size=1, checkpoints=4), folder, 0, len(data))
    trainer = CharBertTrainer(model=Toy(), args=arguments, train_dataset=data, eval_dataset=data)
    return trainer.train(resume_from_checkpoint=newest_checkpoint(folder))


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "pytorch_model.bin"])
def test_a_checkpoint_with_a_malicious_pickle_is_not_resumed(name: str, tmp_path: Path, marker: Path) -> None:
    train(tmp_path)
    (newest,) = sorted(tmp_path.glob("checkpoint-4"))
    (newest / "trainer_state.json").write_text((tmp_path / "checkpoint-3/trainer_state.json").read_text())
    if name == "pytorch_model.bin":
        (newest / "model.safetensors").unlink()
    torch.save({"state": Malicious(marker)}, newest / name)
    record_checksums(newest)  # whoever can write it can seal it
    with pytest.raises(CheckpointError, match="expected checkpoints of tensors and numbers alone"):
        train(tmp_path)
    assert not marker.exists()


def test_the_arguments_beside_a_checkpoint_are_never_loaded(tmp_path: Path, marker: Path) -> None:
    train(tmp_path)
    newest = tmp_path / "checkpoint-4"
    torch.save(Malicious(marker), newest / "training_args.bin")
    record_checksums(newest)
    train(tmp_path)
    assert not marker.exists()


def test_stored_scores_hold_no_objects(tmp_path: Path, marker: Path) -> None:
    np.savez(tmp_path / "clean.npz", logits=np.array([Malicious(marker)], dtype=object))
    with pytest.raises(RecordError, match="expected stored scores"):
        read_scores(tmp_path / "clean.npz")
    assert not marker.exists()


def test_a_model_with_code_of_its_own_is_refused_and_nobody_is_asked(
    model_folder: Path, marker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library would ask on standard input, from which a command reads its texts."""
    (model_folder / "own.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")
    config = json.loads((model_folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (model_folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"y\n" * 5)))
    (model_folder / "texts").write_text("Seven ships\n")
    assert command(["predict", str(model_folder), str(model_folder / "texts")]) == 2
    assert "config.json: expected the configuration of a model" in capsys.readouterr().err
    assert not marker.exists()


def test_a_trunk_inside_a_package_is_found_without_running_the_package(
    tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "outer_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n")
    monkeypatch.syspath_prepend(tmp_path)
    for location in ("outer_package.inner/model", "../outer_package", "/outer_package"):
        with pytest.raises(CheckpointError, match="a package's plain name"):
            trunk_location(TrunkSettings(name="x", source=TrunkSource.package, location=location))
    with pytest.raises(CheckpointError, match=r"expected a checkpoint with config\.json"):
        trunk_location(TrunkSettings(name="x", source=TrunkSource.package, location="outer_package/model"))
    assert not marker.exists()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "..", "", "a/b", "a\\b", "a\0b", "x" * 300])
def test_a_name_that_leads_out_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    for build in (
        lambda: TaskSettings(name=name, metric="f1"),
        lambda: AttackSettings(name=name),
        lambda: SetFiles(attacked={name: "copy.txt"}),
    ):
        with pytest.raises(SettingsError, match="names files"):
            build()
    for field in ("kind", "name", "key"):
        record = asdict(ResultRecord(kind="finetune", experiment="e", name="n", key="k", settings={}, seed=1))
        (tmp_path / "record.json").write_text(json.dumps(record | {field: name}))
        if name:
            with pytest.raises(RecordError, match=f"expected a name without slashes in {field}"):
                read_record(tmp_path / "record.json")


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped", ""])
def test_generated_files_stay_in_their_folder(name: str, tmp_path: Path) -> None:
    files = SetFiles(train=name, dev="dev.txt")
    data = DataSettings(name="newswire", corpus=files, sets={"ner": SetFiles()})
    newswire = NewswireSettings(corpus_documents=1, corpus_dev_documents=1)
    with pytest.raises(SettingsError, match="generated files stay in their folder"):
        write_newswire(tmp_path / "a", newswire, data, TaskSettings(name="ner", metric="f1"))
    assert not list(tmp_path.rglob("escaped*"))


def test_a_folder_that_is_replaced_through_a_link_leaves_what_the_link_points_at(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("theirs")
    (tmp_path / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    with replaced_folder(tmp_path / "folder") as draft:
        (draft / "file").write_text("ours")
    with replaced_file(tmp_path / "link") as stream:
        stream.write(b"ours")
    assert (tmp_path / "elsewhere" / "file").read_text() == "theirs"
    assert (tmp_path / "folder" / "file").read_text() == (tmp_path / "link").read_text() == "ours"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "folder", "link"]


FORBIDDEN = {
    "eval", "exec", "pickle.load", "pickle.loads", "pickle.Unpickler", "dill.load", "dill.loads", "joblib.load",
    "marshal.loads", "shelve.open", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen",
    "shutil.unpack_archive", "tarfile.open", "zipfile.ZipFile", "instantiate", "hydra.utils.instantiate",
    "pd.read_pickle", "torch.jit.load", "importlib.reload", "__import__",
}  # fmt: skip


def calls() -> list[tuple[str, str, dict[str, ast.expr]]]:
    """Return place, dotted name and keywords of every call in the package and the experiments."""
    listed = []
    for path in sorted([*ROOT.glob("charbert/**/*.py"), *ROOT.glob("experiments/*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                keywords = {keyword.arg or "**": keyword.value for keyword in node.keywords}
                listed.append((f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), keywords))
    return listed


def test_no_call_of_ours_runs_what_it_reads() -> None:
    assert [place for place, name, _ in calls() if name in FORBIDDEN or name.endswith(".extractall")] == []


def test_every_loader_that_could_run_code_is_told_not_to() -> None:
    lax = []
    for place, name, keywords in calls():
        wanted = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}.get(name)
        if name.rpartition(".")[0].rpartition(".")[2].startswith(("Auto", "_AUTO")) and name.endswith(
            "from_pretrained"
        ):
            wanted = ("trust_remote_code", False)
        if wanted and "**" not in keywords and getattr(keywords.get(wanted[0]), "value", None) is not wanted[1]:
            lax.append(place.rpartition(":")[0])
    assert not lax
