"""Rows of training noise: named by what was noised, grouped by the kind of model, tested within their group."""

from typing import Any

from charbert.records import ResultRecord
from charbert.reporting.tables.robustness.training_noise import (
    training_noise,
    training_noise_rows,
    training_noise_table,
)

PAPER = {"rules": "paper", "probability": 0.15, "edits": ["drop", "add", "swap"]}


def record(
    name: str, encoder: str = "none", objective: str = "none", method: str = "none", **noise: Any
) -> ResultRecord:
    settings: dict[str, Any] = {"recipe": "quick", "data": {"name": "d"}, "task": {"name": "ner", "metric": "f1"}}
    settings["model"] = {"name": name, "char_encoder": encoder, "objective": objective}
    settings |= {"noise": PAPER | noise, "robust_training": {"method": method}}
    metrics = {"eval/ner/f1": 0.9, "attack/ner/charbert/f1": 0.5}
    details = {"clean_of": dict.fromkeys(("clean", "charbert"), "clean")}
    return ResultRecord("analysis", "e", name, name + method, settings, 1, metrics, details)


def test_a_row_says_what_was_noised_when() -> None:
    assert training_noise(record("BERT")) == "no noise"
    assert training_noise(record("AdvBERT", objective="mlm")) == "pretraining, 15 % of words"
    assert training_noise(record("BERT", method="adversarial")) == "fine-tuning, adversarial"
    both = record("X", objective="mlm", method="consistency", rules="mixed", probability=0.4, edits=["adjacent_key"])
    assert (
        training_noise(both) == "pretraining, 40 % of words with keys by the mixed rules, then fine-tuning, consistency"
    )
    shipped = record("CharBERT (pretrained)", "gru")
    shipped.settings["model"]["pretrained"] = "models/charbert-minilm"
    assert training_noise(shipped) == "pretraining of the encoder's folder"


def test_families_are_apart_with_the_row_without_noise_first_and_no_recognizers() -> None:
    corrected = record("BERT+WordRec")
    corrected.settings["model"]["recognizer"] = {"enabled": True}
    records = [
        record("CharBERT", "gru", "mlm_nlm"),
        record("AdvBERT", objective="mlm"),
        record("BERT", method="adversarial"),
        record("BERT"),
        corrected,
    ]
    rows = training_noise_rows(records)
    names = ["BERT: no noise", "AdvBERT: pretraining, 15 % of words", "BERT: fine-tuning, adversarial"]
    assert [row.settings["model"]["name"] for row in rows["BERT"]] == names
    table = training_noise_table(rows, {(names[1], "NER F1 attack"): 0.01})
    assert [row.label for row in table.rows] == [*names, "CharBERT: pretraining, 15 % of words"]
    assert table.cell(names[1], "NER F1 attack").mark == "*"
    assert any(note.startswith("* differs from the first row of its family, p") for note in table.notes)


def test_a_saved_encoder_and_a_model_behind_a_dictionary_are_families_of_their_own() -> None:
    records = [record(name, "gru", method=method) for name in ("M", "M+Repair") for method in ("adversarial", "none")]
    for own in records:
        own.settings["model"]["pretrained"] = "models/m"
        own.settings["model"]["dictionary"] = {"enabled": own.settings["model"]["name"] == "M+Repair"}
    repaired = record("BERT+Repair")
    repaired.settings["model"]["dictionary"] = {"enabled": True}
    folder = "pretraining of the encoder's folder"
    rows = training_noise_rows([*records, repaired, record("BERT"), record("CharBERT", "gru", "mlm_nlm")])
    assert {family: [row.settings["model"]["name"] for row in own] for family, own in rows.items()} == {
        "BERT": ["BERT: no noise"],
        "BERT+Repair": ["BERT+Repair: no noise"],
        "CharBERT": ["CharBERT: pretraining, 15 % of words"],
        "M": [f"M: {folder}", f"M: {folder}, then fine-tuning, adversarial"],
        "M+Repair": [f"M+Repair: {folder}", f"M+Repair: {folder}, then fine-tuning, adversarial"],
    }
