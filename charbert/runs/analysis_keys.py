"""What identifies an analysis, and which analyses may stand in one figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charbert.config.analysis import Stage
from charbert.config.model.encoder import TrunkSource
from charbert.config.schema import Settings
from charbert.records import ResultRecord, file_checksum, read_records, settings_key
from charbert.runs.comparability import comparison_keys, fitting_pretraining
from charbert.runs.keys import (
    encoder_identity,
    files_identity,
    finetuning_identity,
    newswire_identity,
    section_identity,
    stored_name,
    task_identity,
    text_identity,
    training_identity,
    trunk_identity,
)
from charbert.runs.run import Run

KIND = "analysis"
WORD_VS_SUBWORD = "fig4_word_vs_subword"
SENSITIVITY = "fig5_sensitivity"
EMBEDDING_SOURCES = "fig6_embedding_sources"
FRAGILITY = "intro_fragility"
CHANNELS = "channels"
CHAR_CHANNEL = "char_channel"
COMPRESSION = "compress"
_MEASURED = ("max_examples", "eval_sets", "threads", "timed_examples")
"""Settings of ``compression`` that all forms of a model in one table are measured with."""


def word_vs_subword_run(settings: Settings) -> Run:
    """Return the cell of one fine-tuned model's scores by split words."""
    return _cell(settings, WORD_VS_SUBWORD, _of_model(settings), {})


def sensitivity_run(settings: Settings) -> Run:
    """Return the cell of one model's sensitivity to the attack."""
    chosen = settings.analysis.sensitivity
    parts = _of_model(settings) + ([] if chosen.stage is Stage.finetuned else [chosen.stage.name])
    return _cell(settings, SENSITIVITY, parts, section_identity(settings, "analysis.sensitivity"))


def channels_run(settings: Settings) -> Run:
    """Return the cell of one fine-tuned model's scores with a channel hidden."""
    return _cell(settings, CHANNELS, _of_model(settings), {})


def tagger_run(settings: Settings, source: str) -> Run:
    """Return the cell of a tagger on one kind of a model's frozen states."""
    return _cell(
        settings, EMBEDDING_SOURCES, [*_of_model(settings), source], tagger_identity(settings) | {"of": source}
    )


def fragility_run(settings: Settings) -> Run:
    """Return the cell of a tokenizer's fragility."""
    identity = {
        "analysis": FRAGILITY,
        "tokenizer": _tokenizer_identity(settings),
        "of": comparison(settings, FRAGILITY),
    }
    return Run(
        settings, KIND, [FRAGILITY, tokenizer_name(settings), f"s{settings.seed}"], identity | {"seed": settings.seed}
    )


def char_channel_run(settings: Settings) -> Run:
    """Return the cell of how much an encoder's characters tell."""
    identity = {
        "analysis": CHAR_CHANNEL,
        "encoder": encoder_identity(settings),
        "of": comparison(settings, CHAR_CHANNEL),
    }
    return Run(settings, KIND, [CHAR_CHANNEL, settings.model.name, f"s{settings.seed}"], identity)


def compression_run(settings: Settings, form: str, identity: Mapping[str, Any]) -> Run:
    """Return the cell of one form of a fine-tuned model, its size, speed and scores."""
    measured = {"form": form, "measured": comparison(settings, COMPRESSION)}
    return _cell(settings, COMPRESSION, [*_of_model(settings), form], measured | dict(identity))


def measured_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies how the forms of a model are measured."""
    return {stored_name(f"compression.{name}"): getattr(settings.compression, name) for name in _MEASURED}


def tokenizer_name(settings: Settings) -> str:
    """Return the name of the tokenizer that is looked at: the trunk's, or that of a vocabulary file."""
    path = settings.analysis.fragility.vocabulary
    return settings.trunk.name if path is None else Path(path).stem.removesuffix("-vocab")


def tagger_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the tagger on frozen states."""
    training = training_identity(settings.analysis.tagger.training)
    return section_identity(settings, "analysis.tagger") | {"training": training}


def comparison(settings: Settings, analysis: str) -> str:
    """Return the hash of what all cells of a figure have in common, beside trunk, data, fine-tuning and pretraining."""
    common: dict[str, Any] = {"task": task_identity(settings)}
    if analysis == SENSITIVITY:
        common |= section_identity(settings, "analysis.sensitivity")
    elif analysis == EMBEDDING_SOURCES:
        common |= tagger_identity(settings)
    elif analysis == COMPRESSION:
        common |= measured_identity(settings)
    elif analysis == FRAGILITY:
        common = {"files": files_identity(settings)} | newswire_identity(settings)
    elif analysis == CHAR_CHANNEL:
        common = {"trunk": trunk_identity(settings), "text": text_identity(settings), "seed": settings.seed}
        common |= section_identity(settings, "analysis.char_channel")
    return settings_key(common)


def analysis_records(settings: Settings, analysis: str) -> list[ResultRecord]:
    """Return the finished cells that belong into one figure with the settings' own, none where nothing was run."""
    folder = Path(settings.paths.results) / "records"
    if not folder.is_dir():
        return []
    filters: dict[str, Any] = {"details.analysis": analysis, "details.compared": comparison(settings, analysis)}
    if analysis not in (FRAGILITY, CHAR_CHANNEL):  # rows of the one are tokenizers, of the other not fine-tuned
        filters["details.comparison.shared"] = comparison_keys(settings)["shared"]
        filters["details.comparison.pretraining"] = fitting_pretraining(settings)
    return read_records(folder, kind=KIND, **filters)


def _of_model(settings: Settings) -> list[str]:
    return [settings.task.name, settings.model.name, f"s{settings.seed}"]


def _cell(settings: Settings, analysis: str, parts: list[str], identity: Mapping[str, Any]) -> Run:
    whole = {"analysis": analysis, "model": finetuning_identity(settings), **identity}
    return Run(settings, KIND, [analysis, *parts], whole)


def _tokenizer_identity(settings: Settings) -> dict[str, Any]:
    chosen = settings.analysis.fragility
    if chosen.vocabulary is not None:
        return {"sha256": file_checksum(chosen.vocabulary), "lower_case": chosen.lower_case}
    if settings.trunk.source is not TrunkSource.scratch:
        return trunk_identity(settings)
    trunk = {name: getattr(settings.trunk, name) for name in ("vocab_size", "lower_case")}
    return trunk | {"text": text_identity(settings)}
