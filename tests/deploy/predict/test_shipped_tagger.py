"""The tagger that comes with the repository: small, found from any folder, and right about words with typos."""

import json
import re
from pathlib import Path

import pytest
from safetensors.torch import load_file

import charbert  # noqa: F401 -- makes CharBERT known to the Auto classes
from charbert.deploy.predict.predictor import Predictor

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "models" / "charbert-minilm-pos"
TAGGED = {
    "My friend Jonathan bought a beautiful house in London .": "PRON NOUN PROPN VERB DET ADJ NOUN ADP PROPN PUNCT",
    "She quickly opened the window and looked outside .": "PRON ADV VERB DET NOUN CCONJ VERB ADV PUNCT",
    "The children were playing with three small dogs .": "DET NOUN AUX VERB ADP NUM ADJ NOUN PUNCT",
}
TYPOS = {
    "friend": "freind", "bought": "boght", "beautiful": "beatiful", "house": "hosue", "London": "Lodnon",
    "quickly": "quikcly", "opened": "opned", "window": "windwo", "children": "chlidren", "playing": "plaing",
}  # fmt: skip


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
def test_it_tags_words_as_people_do_with_typos_too(
    misspelled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # its path to the encoder starts at its own folder
    texts = list(TAGGED)
    if misspelled:
        texts = [re.sub(r"\w+", lambda word: TYPOS.get(word[0], word[0]), text) for text in texts]
    outputs = Predictor.load(FOLDER).predict([{"words": text.split()} for text in texts])
    assert [" ".join(span.type for span in output.spans) for output in outputs] == list(TAGGED.values())
