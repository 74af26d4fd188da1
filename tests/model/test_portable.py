"""A folder with code loads where the package is not there, with the same outputs."""

import ast
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertConfig
from transformers.utils import hub as library_hub

from charbert.model import (
    CharBertConfig,
    CharBertForSequenceClassification,
    CharBertForTokenClassification,
    CharBertTokenizer,
)
from charbert.model.portable import ENTRY, MODEL_MAP, write_code
from charbert.text.char_vocab import CharVocab

TEXTS = ["Zürich, Malmö and Ålesund", "seven sihps"]
ELSEWHERE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "charbert":
            raise ModuleNotFoundError(f"No module named {{name!r}}")

sys.meta_path.insert(0, Absent())
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer, pipeline
import torch

def outputs(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
    model = AutoModelForTokenClassification.from_pretrained(folder, trust_remote_code=True).eval()
    assert type(AutoModel.from_pretrained(folder, trust_remote_code=True)).__name__ == "CharBertModel"
    with torch.no_grad():
        return tokenizer, model, model(**tokenizer({texts!r}, padding=True, return_tensors="pt")).logits

tokenizer, model, logits = outputs({name!r})
torch.save(logits, "logits.pt")
assert pipeline("token-classification", model={name!r}, trust_remote_code=True)("A sentense.")
model.save_pretrained("again")
tokenizer.save_pretrained("again")
assert torch.equal(outputs("again")[2], logits)
"""


@pytest.fixture
def carrying(monkeypatch: pytest.MonkeyPatch) -> None:
    """The classes are registered as ``register_for_auto_class`` does, until the test ends."""
    for cls, name in ((CharBertForTokenClassification, "_carries_code"), (CharBertTokenizer, "_auto_map")):
        monkeypatch.setattr(cls, name, getattr(cls, name), raising=False)
        cls.register_for_auto_class()


@pytest.fixture
def tagger(wordpiece_tokenizer: Any, sentences: tuple[str, ...]) -> tuple[Any, Any]:
    torch.manual_seed(0)
    char_vocab = CharVocab.build(sentences, size=64)
    trunk = BertConfig(
        vocab_size=len(wordpiece_tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=64,
    )  # fmt: skip
    model = CharBertForTokenClassification.from_trunk(trunk, char_vocab=char_vocab.to_dict(), char_embedding_size=8)
    return model.eval(), CharBertTokenizer(wordpiece_tokenizer, char_vocab)


def without_the_package(folder: Path, cwd: Path, run_python: Callable[..., Any], name: str | None = None) -> Any:
    """Load a folder where ``charbert`` cannot be imported, save it again and load that; return the logits."""
    cwd.mkdir()
    paths = {"PYTHONPATH": "", "HF_MODULES_CACHE": str(cwd / "modules"), "HF_HUB_OFFLINE": "1"}
    code = ELSEWHERE.format(texts=TEXTS, name=name or str(folder))
    run_python("-c", code, cwd=cwd, HF_HUB_CACHE=str(cwd.parent / "hub"), **paths)
    return torch.load(cwd / "logits.pt")


@pytest.mark.slow
def test_a_saved_folder_loads_without_the_package(
    carrying: None, tagger: tuple[Any, Any], tmp_path: Path, run_python: Callable[..., Any]
) -> None:
    folder = tmp_path / "saved (1)"
    model, tokenizer = tagger
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    with torch.no_grad():
        expected = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
    assert torch.equal(without_the_package(folder, tmp_path / "elsewhere", run_python), expected)
    # with the package its own classes are used, and saving keeps the code
    again = AutoModel.from_pretrained(folder)
    assert type(again).__module__ == "charbert.model.charbert"
    assert type(AutoTokenizer.from_pretrained(folder)) is CharBertTokenizer
    again.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / f"{ENTRY}.py").is_file()


@pytest.mark.slow
def test_what_was_pushed_loads_from_the_hubs_cache_without_the_package(
    carrying: None,
    tagger: tuple[Any, Any],
    tmp_path: Path,
    run_python: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = tmp_path / "hub" / "models--someone--tagger"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)

    class Hub:
        def create_repo(self, repo_id: str, **options: Any) -> SimpleNamespace:
            return SimpleNamespace(repo_id=repo_id)

        def create_commit(self, repo_id: str, operations: list[Any], **options: Any) -> str:
            for operation in operations:
                shutil.copyfile(operation.path_or_fileobj, snapshot / operation.path_in_repo)
            return repo_id

    card = SimpleNamespace(save=lambda path: Path(path).write_text("---\n---\n"))
    monkeypatch.setattr(library_hub, "hf_api", Hub)
    monkeypatch.setattr(library_hub, "create_and_tag_model_card", lambda *_, **__: card)
    model, tokenizer = tagger
    model.push_to_hub("someone/tagger")
    tokenizer.push_to_hub("someone/tagger")
    with torch.no_grad():
        expected = model(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
    logits = without_the_package(snapshot, tmp_path / "elsewhere", run_python, name="someone/tagger")
    assert torch.equal(logits, expected)


def test_without_registering_no_code_is_written(tagger: tuple[Any, Any], tmp_path: Path) -> None:
    for each in tagger:
        each.save_pretrained(tmp_path)
    assert not list(tmp_path.glob("*.py"))
    assert not hasattr(CharBertConfig.from_pretrained(tmp_path), "auto_map")


def test_registering_one_class_leaves_the_others_as_they_are(carrying: None) -> None:
    assert CharBertForTokenClassification._carries_code
    assert not CharBertForSequenceClassification._carries_code


def test_the_code_imports_nothing_of_the_package_and_only_what_is_beside_it(tmp_path: Path) -> None:
    write_code(tmp_path)
    files = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in tmp_path.glob("*.py")}
    for name, tree in files.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not (node.level == 0 and str(node.module).split(".")[0] == "charbert"), name
                assert node.level == 0 or node.module in files, name
            elif isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "charbert" for alias in node.names), name
    exported = {alias.name for node in files[ENTRY].body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert {where.removeprefix(f"{ENTRY}.") for where in MODEL_MAP.values()} <= exported
    assert "CharBertTokenizer" in exported
