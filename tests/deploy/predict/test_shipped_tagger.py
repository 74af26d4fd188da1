"""The tagger that comes with the repository: small, found from any folder, and right about words with typos."""

import json
import re
from pathlib import Path

import pytest
from safetensors.torch import load_file

import charbert  # noqa: F401 -- makes CharBERT known to the Auto classes
from charbert.deploy.predict.predictor import Predictor

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "models" / "charbert-minilm-ner"
ENTITIES = {
    "My friend Jonathan bought a house in London .": [("Jonathan", "PER"), ("London", "LOC")],
    "Angela Merkel met Emmanuel Macron in Paris on Tuesday .": [
        ("Angela Merkel", "PER"),
        ("Emmanuel Macron", "PER"),
        ("Paris", "LOC"),
    ],
    "Microsoft opened an office in San Francisco , said Tim Cook .": [
        ("Microsoft", "ORG"),
        ("San Francisco", "LOC"),
        ("Tim Cook", "PER"),
    ],
    "The German team flew from Berlin to Madrid .": [("German", "MISC"), ("Berlin", "LOC"), ("Madrid", "LOC")],
}
TYPOS = {
    "friend": "freind", "Jonathan": "Jonahtan", "bought": "boght", "London": "Lodnon", "Merkel": "Mrkel",
    "Emmanuel": "Emanuel", "Macron": "Macorn", "Paris": "Pairs", "Microsoft": "Microsfot", "opened": "opned",
    "Francisco": "Fransisco", "German": "Gemran", "Berlin": "Brelin", "Madrid": "Madird",
}  # fmt: skip


def with_typos(text: str) -> str:
    return re.sub(r"\w+", lambda word: TYPOS.get(word[0], word[0]), text)


def test_all_models_of_the_repository_together_are_below_60_mb() -> None:
    files = [path for path in (ROOT / "models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 60e6
    assert not any("model" in path.name and path.suffix == ".safetensors" for path in FOLDER.iterdir())


def test_its_dictionary_holds_no_addresses() -> None:  # those of the treebank are of people
    dictionary = json.loads((FOLDER / "charbert_dictionary.json").read_text(encoding="utf-8"))
    words = list(dictionary["counts"])
    assert len(words) > 200_000
    assert not [word for word in words if "@" in word or "/" in word or "www." in word]


def test_it_finds_its_encoder_beside_itself() -> None:
    config = json.loads((FOLDER / "adapters" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "../charbert-minilm"
    assert {str(weight.dtype) for weight in load_file(FOLDER / "adapters/adapter_model.safetensors").values()} == {
        "torch.float16"
    }


@pytest.mark.parametrize("misspelled", [False, True])
def test_it_finds_entities_as_people_do_with_typos_too(
    misspelled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # its path to the encoder starts at its own folder
    change = with_typos if misspelled else str
    outputs = Predictor.load(FOLDER).predict([{"words": change(text).split()} for text in ENTITIES])
    found = [[(span.text, span.type) for span in output.spans] for output in outputs]
    assert found == [[(change(text), kind) for text, kind in spans] for spans in ENTITIES.values()]
