"""Every committed record is found again by its settings: a rename or a new default may not move a key."""

import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from charbert.config.schema import PathSettings, Settings
from charbert.pipelines.analyses.perplexity import perplexity_cell
from charbert.pipelines.search.search import search_cell, trial_cell
from charbert.records import ResultRecord, read_record, settings_key
from charbert.runs.analysis_keys import (
    CHANNELS,
    CHAR_CHANNEL,
    EMBEDDING_SOURCES,
    FRAGILITY,
    SENSITIVITY,
    WORD_VS_SUBWORD,
    channels_cell,
    char_channel_cell,
    fragility_cell,
    sensitivity_cell,
    tagger_cell,
    word_vs_subword_cell,
)
from charbert.runs.run import (
    Cell,
    background_recognizer_cell,
    finetuning_cell,
    fold_cell,
    pretraining_cell,
    recognizer_cell,
)

ROOT = Path(__file__).parents[2]
PATHS = sorted(path.relative_to(ROOT) for path in (ROOT / "results").rglob("record.json"))
CELLS = {
    "pretrain": pretraining_cell,
    "finetune": finetuning_cell,
    "baseline": finetuning_cell,
    "fold": fold_cell,
    "perplexity": perplexity_cell,
    "search": search_cell,
    "trial": trial_cell,
    WORD_VS_SUBWORD: word_vs_subword_cell,
    SENSITIVITY: sensitivity_cell,
    CHANNELS: channels_cell,
    CHAR_CHANNEL: char_channel_cell,
    FRAGILITY: fragility_cell,
}


@cache
def section(name: str, text: str) -> Any:
    """A section of the settings as the code has it today; sections repeat across records, so each is read once."""
    value = OmegaConf.merge(OmegaConf.structured(Settings), {name: json.loads(text)})[name]
    return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value


def recorded_settings(record: ResultRecord) -> Settings:
    """The record's settings, with today's defaults for those that joined later."""
    sections = {
        item.name: section(item.name, json.dumps(record.settings[item.name], sort_keys=True))
        for item in fields(Settings)
        if item.name in record.settings
    }
    if "trunk" not in sections:  # a classical baseline has none
        sections["trunk"] = section("trunk", '{"name": "none", "location": "none"}')
    return Settings(paths=PathSettings(data="data", outputs="outputs", results="results/minilm"), **sections)


def cell_of(record: ResultRecord, settings: Settings) -> Cell:
    """The cell that the settings name today."""
    if record.kind == "word_recognizer":
        return (background_recognizer_cell if "background" in record.name else recognizer_cell)(settings)
    if record.details.get("analysis") == EMBEDDING_SOURCES:
        return tagger_cell(settings, record.details["source"])
    return CELLS[record.details["analysis"] if record.kind == "analysis" else record.kind](settings)


@pytest.mark.parametrize("path", PATHS, ids=[path.parent.name for path in PATHS])
def test_a_committed_record_has_the_key_of_its_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # model.pretrained is relative
    record = read_record(path)
    if record.kind == "bench":
        assert settings_key(record.settings) == record.key
        return
    cell = cell_of(record, recorded_settings(record))
    assert (cell.name, cell.key) == (record.name, record.key), f"{path}: the key of its settings moved"
    assert path.parent.name in (f"{cell.name}-{cell.key}", cell.name)
