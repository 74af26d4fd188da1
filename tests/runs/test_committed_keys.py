"""Every committed record is found again by its settings: a rename or a new default does not change a key."""

import json
import subprocess
from dataclasses import fields, is_dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from charbert.config.model.encoder import ModelSettings
from charbert.config.renamed import with_new_names
from charbert.config.schema import PathSettings, Settings
from charbert.config.training.trainer import Precision, TrainingSettings
from charbert.pipelines.search.search import search_run, trial_run
from charbert.records import ResultRecord, read_record, settings_key
from charbert.runs.analysis_keys import (
    CHANNELS,
    CHAR_CHANNEL,
    CORRECTION,
    EMBEDDING_SOURCES,
    FRAGILITY,
    NOISE_CURVES,
    ROBUSTNESS,
    SENSITIVITY,
    WORD_VS_SUBWORD,
    WORST_CASE,
    char_channel_run,
    correction_run,
    finetuned_run,
    fragility_run,
    perplexity_run,
    tagger_run,
)
from charbert.runs.comparability import comparison_keys
from charbert.runs.released_files import pretrained_identity
from charbert.runs.run import (
    Run,
    dictionary_run,
    finetuning_run,
    fold_run,
    pretraining_run,
    recognizer_run,
    trunk_run,
)

ROOT = Path(__file__).parents[2]


def committed_records() -> list[Path]:
    """Return the records under version control, without those of runs made in this checkout."""
    if not (ROOT / ".git").exists():  # an archive of the repository holds no others
        return sorted(path.relative_to(ROOT) for path in (ROOT / "results").rglob("record.json"))
    listing = ["git", "ls-files", "results/*/record.json"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(map(Path, listed.stdout.splitlines()))


PATHS = committed_records()
FIRST_ENCODER = {
    "char_vocab.json": "852ed0a822f85c7ce9e100d6bfb398cc135e31e72ca32c27ffb57cf2ff62211d",
    "charbert_processor.json": "f571dadd30899310cd6fbad921e9c603047b951f5383053396f3fbb697d93752",
    "config.json": "f73a34e0c57fde223ddbdb87ffc5c6d59b665d9879f5946687deecb35375c2e3",
    "model.safetensors": "b4ef1ce05914989942948ecf04e674ffd65e5d40c752eb8fb67046fd0b5c4203",
    "tokenizer.json": "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
    "tokenizer_config.json": "0c300d9500eab2162f4266fa387a219fe81461e93af11acec6f97415d77e544d",
}
"""SHA-256 of the files of the encoder that models/charbert-minilm held first, CharBERT-P in tables."""
RUNS = {
    "trunk": trunk_run,
    "pretrain": pretraining_run,
    "finetune": finetuning_run,
    "baseline": finetuning_run,
    "fold": fold_run,
    "perplexity": perplexity_run,
    "dictionary": dictionary_run,
    "search": search_run,
    "trial": trial_run,
    CHAR_CHANNEL: char_channel_run,
    CORRECTION: correction_run,
    FRAGILITY: fragility_run,
    **{
        name: partial(finetuned_run, analysis=name)
        for name in (WORD_VS_SUBWORD, SENSITIVITY, CHANNELS, ROBUSTNESS, NOISE_CURVES, WORST_CASE)
    },
}


@cache
def section(name: str, text: str) -> Any:
    """A section of the settings as the code has it today; sections repeat across records, so each is read once."""
    value = OmegaConf.merge(OmegaConf.structured(Settings), {name: json.loads(text)})[name]
    return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value


def recorded_settings(record: ResultRecord) -> Settings:
    """The record's settings, with today's defaults for those that joined later."""
    recorded = with_new_names(record.settings)
    sections = {
        item.name: section(item.name, json.dumps(recorded[item.name], sort_keys=True))
        for item in fields(Settings)
        if item.name in recorded
    }
    if "trunk" not in sections:  # a classical baseline has none
        sections["trunk"] = section("trunk", '{"name": "none", "location": "none"}')
    return Settings(paths=PathSettings(data="data", outputs="outputs", results="results/minilm"), **sections)


def in_auto(value: Any) -> Any:
    """The settings with every precision chosen by the machine, as today's recipes have it."""
    if isinstance(value, TrainingSettings):
        return replace(value, precision=Precision.auto)
    if not is_dataclass(value):
        return value
    return replace(value, **{item.name: in_auto(getattr(value, item.name)) for item in fields(value)})


def run_of(record: ResultRecord, settings: Settings) -> Run:
    """The run that the settings name today."""
    if record.kind == "word_recognizer":
        return recognizer_run(settings, background="background" in record.name)
    if record.details.get("analysis") == EMBEDDING_SOURCES:
        return tagger_run(settings, record.details["source"])
    return RUNS[record.details["analysis"] if record.kind == "analysis" else record.kind](settings)


def encoder_of(model: ModelSettings) -> dict[str, str]:
    """The identity of a record's saved encoder; of the first one only the records are kept."""
    return FIRST_ENCODER if model.name.startswith("CharBERT (pretrained)") else pretrained_identity(model)


@pytest.mark.parametrize("path", PATHS, ids=[path.parent.name for path in PATHS])
def test_a_committed_record_has_the_key_of_its_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # model.pretrained is relative
    monkeypatch.setattr("charbert.runs.keys.pretrained_identity", encoder_of)
    record = read_record(path)
    if record.kind == "bench":
        assert settings_key(record.settings) == record.key
        return
    settings = recorded_settings(record)
    vocabulary = settings.analysis.fragility.vocabulary  # a file outside of the repository, and part of the key
    if record.details.get("analysis") == FRAGILITY and vocabulary and not Path(vocabulary).is_file():
        pytest.skip(f"{vocabulary} is not here")
    run = run_of(record, settings)
    assert run_of(record, in_auto(settings)).key == record.key, f"{path}: precision=auto does not find it"
    assert comparison_keys(in_auto(settings)) == comparison_keys(settings)
    assert (run.name, run.key) == (record.name, record.key), f"{path}: the key of its settings changed"
    assert path.parent.name in (f"{run.name}-{run.key}", run.name)
