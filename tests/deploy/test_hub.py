"""A published folder holds the model, its code and a card in the hub's form, with the scores of its own record."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import ModelCard
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from charbert.config.training.strategy import AdapterFormat, LoraSettings
from charbert.deploy import hub
from charbert.deploy.command import main
from charbert.deploy.model_card import read_scores
from charbert.deploy.predict.predictor import Predictor
from charbert.model import CharBertForTokenClassification, CharBertTokenizer
from charbert.model.adaptation.lora import add_adapters, save_finetuned
from charbert.provenance import file_checksum
from charbert.records import ResultRecord, read_record, start_record, write_record
from charbert.text.repair.correction import DictionaryCorrector
from charbert.text.repair.dictionary import DictionaryRules

NAME = "ner-charbert-s1-0123456789ab"


@pytest.fixture
def run(tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a finished run, with its record where runs have it, below the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = Path("outputs/quick/finetune") / NAME
    shutil.copytree(tagger, folder / "model")
    settings = {"task": {"name": "ner", "metric": "f1"}}
    record = start_record("finetune", "table2_robustness", "ner-charbert-s1", settings=settings, seed=1)
    record.details["weights"] = {"model.safetensors": file_checksum(folder / "model" / "model.safetensors")}
    record.metrics = {
        "eval/ner/f1": 0.88351,
        "eval/ner/precision": 0.5,
        "attack/ner/charbert/f1": 0.5587,
        "attack/ner/charbert/LOC/f1": 0.5,
        "dev/ner/f1": 0.9,
    }
    write_record(Path("results/quick/records") / NAME / "record.json", record)
    return folder


def test_the_card_is_in_the_hubs_form_with_the_scores_of_the_record(run: Path) -> None:
    options = ["--license", "apache-2.0", "--language", "en", "--base-model", "owner/trunk", "--dataset", "conll2003"]
    assert main(["publish", str(run), "mine", *options]) == 0
    data = ModelCard.load("mine/README.md").data
    assert (data.license, data.language, data.base_model, data.datasets) == (
        "apache-2.0", ["en"], "owner/trunk", ["conll2003"],
    )  # fmt: skip
    assert (data.library_name, data.pipeline_tag, data.model_name) == ("transformers", "token-classification", "mine")
    assert "charbert" in data.tags
    scores = {(result.dataset_name, result.metric_type): result.metric_value for result in data.eval_results}
    assert scores == {("ner, test set", "f1"): 88.35, ("ner, test set with typos (charbert)", "f1"): 55.87}
    assert {result.dataset_type for result in data.eval_results} == {"conll2003"}
    text = Path("mine/README.md").read_text()
    assert "| test set | f1 | 88.35 |" in text and "`B-LOC`" in text and "None" not in text


def test_the_folder_is_a_whole_model(run: Path) -> None:
    assert main(["publish", str(run), "mine"]) == 0
    assert {"modeling_charbert.py", "charbert_usage.json", "README.md"} <= {
        path.name for path in Path("mine").iterdir()
    }
    tags = [pipeline("token-classification", model=str(folder), device="cpu") for folder in ("mine", run / "model")]
    assert tags[0]("seven ships") == tags[1]("seven ships")
    assert main(["predict", "mine", str(_text()), "--quiet", "--output", "out.jsonl"]) == 0


def _text() -> Path:
    Path("text.txt").write_text("seven ships\n")
    return Path("text.txt")


@pytest.mark.parametrize("in_tokenizer", [False, True])
def test_what_corrects_the_models_words_is_published_with_it(save_model, tmp_path: Path, in_tokenizer: bool) -> None:
    folder = save_model("token_classification", corrected=not in_tokenizer)
    corrector = DictionaryCorrector({"seven": 9, "ships": 9}, DictionaryRules())
    if in_tokenizer:
        tokenizer = CharBertTokenizer.from_pretrained(folder)
        tokenizer.repair = corrector
        tokenizer.save_pretrained(folder)
    else:
        corrector.save(folder)
    assert main(["publish", str(folder), str(tmp_path / "mine")]) == 0
    card = (tmp_path / "mine" / "README.md").read_text()
    assert ("package `charbert` must be installed" in card) is in_tokenizer
    assert ("A corrector of words stands in front of the model" in card) is not in_tokenizer
    published = Predictor.load(tmp_path / "mine")
    assert published.predict(["Sveen sihps"]) == Predictor.load(folder).predict(["Sveen sihps"])
    read = published.processor("Sveen sihps")["input_ids"]
    assert (read == published.processor("seven ships")["input_ids"]) is in_tokenizer


def test_of_two_recipes_runs_of_one_name_the_own_record_is_taken(run: Path) -> None:
    own = read_record(Path("results/quick/records") / NAME / "record.json")
    write_record(Path("results/other/records") / NAME / "record.json", replace(own, details={}))
    assert main(["publish", str(run), "mine"]) == 0
    assert "## Scores" in Path("mine/README.md").read_text()


def test_a_record_of_other_weights_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Path("results/quick/records/other/record.json")
    record = start_record("finetune", "x", "other", settings={"task": {"name": "ner", "metric": "f1"}}, seed=1)
    record.details["weights"] = {"model.safetensors": "0" * 64}
    write_record(other, record)
    assert main(["publish", str(run), "mine", "--record", str(other)]) == 2
    assert "expected the record of the weights" in capsys.readouterr().err
    assert not Path("mine").exists()


def test_a_model_of_adapters_is_published_whole_with_the_scores_of_its_record(run: Path, tagger: Path) -> None:
    pytest.importorskip("peft")
    (run / "model" / "model.safetensors").unlink()
    model = CharBertForTokenClassification.from_pretrained(tagger)
    save_finetuned(add_adapters(model, LoraSettings(save=AdapterFormat.adapters)), run / "model")
    file = Path("results/quick/records") / NAME / "record.json"
    record = read_record(file)
    (weights,) = (run / "model").rglob("*.safetensors")
    record.details["weights"] = {"adapters/adapter_model.safetensors": file_checksum(weights)}
    write_record(file, record)
    assert main(["publish", str(run), "mine"]) == 0
    assert "88.35" in Path("mine/README.md").read_text() and Path("mine/model.safetensors").is_file()


def test_without_a_record_the_card_has_no_scores(classifier: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["publish", str(classifier), str(tmp_path / "mine")]) == 0
    card = ModelCard.load(tmp_path / "mine" / "README.md")
    assert card.data.eval_results is None and "Scores" not in card.text
    assert card.data.license is None and card.data.pipeline_tag == "text-classification"
    assert "the card has no scores" in capsys.readouterr().err


def test_pushing_uploads_the_folder_and_the_card_names_the_repository(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hub:
        def create_repo(self, repo_id: str, private: bool, exist_ok: bool) -> SimpleNamespace:
            assert private and exist_ok
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, repo_id: str, folder_path: str, commit_message: str) -> None:
            shutil.copytree(folder_path, Path("hub") / repo_id)

    monkeypatch.setattr(hub, "HfApi", Hub)
    assert main(["publish", str(run), "mine", "--push", "someone/tagger", "--private"]) == 0
    assert "uploaded to someone/tagger" in capsys.readouterr().err
    assert 'model="someone/tagger"' in Path("hub/someone/tagger/README.md").read_text()
    assert AutoModelForTokenClassification.from_pretrained("hub/someone/tagger").config.auto_map
    assert AutoTokenizer.from_pretrained("hub/someone/tagger").model_input_names[-1] == "end_ids"


def test_a_hub_that_cannot_be_reached_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", str(run), "mine", "--push", "someone/tagger"]) == 2  # tests are offline
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "--push someone/tagger" in line and "not uploaded" in line
    assert Path("mine/README.md").is_file()


def test_a_metric_of_one_entity_type_has_its_attack_scores_on_the_card() -> None:
    scores = {"eval/ner/PER/f1": 0.9, "attack/ner/charbert/PER/f1": 0.5, "attack/ner/charbert/f1": 0.4}
    record = ResultRecord(
        "finetune", "any", "run", "key", {"task": {"name": "ner", "metric": "PER/f1"}}, 1, metrics=scores
    )
    assert [(score.texts, score.percent) for score in read_scores(record)] == [
        ("test set", 90.0),
        ("test set with typos (charbert)", 50.0),
    ]
