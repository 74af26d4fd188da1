"""What identifies an analysis, and which analyses are compared in one figure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.analysis import Stage
from charbert.config.model.encoder import TrunkSource
from charbert.config.schema import Settings
from charbert.config.training.robust_training import RobustTrainingSettings
from charbert.records import ResultRecord, file_checksum, settings_key
from charbert.runs import keys
from charbert.runs.comparability import comparable_records, comparison_keys, fitting_pretraining, pretrained_model
from charbert.runs.folders import finished_records
from charbert.runs.run import Run

KIND = "analysis"
WORD_VS_SUBWORD = "fig4_word_vs_subword"
SENSITIVITY = "fig5_sensitivity"
EMBEDDING_SOURCES = "fig6_embedding_sources"
FRAGILITY = "intro_fragility"
CHANNELS = "channels"
CHAR_CHANNEL = "char_channel"
COMPRESSION = "compress"
CORRECTION = "correction"
ROBUSTNESS = "robustness"
NOISE_CURVES = "noise_curves"
WORST_CASE = "worst_case"
PERPLEXITY = "perplexity"
"""Kind of the records of perplexities, and stem of their table."""
_MEASURED = ("max_examples", "eval_sets", "threads", "timed_examples")
"""Settings of ``compression`` that all forms of a model in one table are measured with."""

_OF_HEADS = ("threshold",)
"""Settings of ``analysis.correction`` that say when an NLM head changes a word."""


def finetuned_run(settings: Settings, analysis: str) -> Run:
    """Return the run of an analysis of one fine-tuned model, or baseline, as ``ROBUSTNESS`` of it under noise."""
    stage = settings.analysis.sensitivity.stage
    parts = [stage.name] if analysis == SENSITIVITY and stage is not Stage.finetuned else []
    return _finetuned_run(settings, analysis, *parts, identity=_own_identity(settings, analysis))


def tagger_run(settings: Settings, source: str) -> Run:
    """Return the run of a tagger on one kind of a model's frozen states."""
    identity = _own_identity(settings, EMBEDDING_SOURCES) | {"of": source}
    return _finetuned_run(settings, EMBEDDING_SOURCES, source, identity=identity)


def compression_run(settings: Settings, form: str, identity: Mapping[str, Any]) -> Run:
    """Return the run of one form of a fine-tuned model, its size, speed and scores."""
    measured = {"form": form, "measured": comparison(settings, COMPRESSION)}
    return _finetuned_run(settings, COMPRESSION, form, identity=measured | dict(identity))


def _finetuned_run(settings: Settings, analysis: str, *parts: str, identity: Mapping[str, Any]) -> Run:
    whole = {"analysis": analysis, "model": keys.finetuning_identity(settings), **identity}
    names = [analysis, settings.task.name, settings.model.name, f"s{settings.seed}", *parts]
    return Run(settings, KIND, names, whole)


def _own_identity(settings: Settings, analysis: str) -> dict[str, Any]:
    """Return what identifies an analysis beside the model that it is of: its settings, and sets that it alone reads."""
    if analysis == SENSITIVITY:
        return keys.section_identity(settings, "analysis.sensitivity")
    if analysis == EMBEDDING_SOURCES:
        training = keys.training_identity(settings, "analysis.tagger.training")
        return keys.section_identity(settings, "analysis.tagger") | {"training": training}
    if analysis in (ROBUSTNESS, CORRECTION):
        return keys.section_identity(settings, "robustness") | {"noisy": keys.noisy_identity(settings)}
    if analysis == NOISE_CURVES:
        return {"curves": keys.section_identity(settings, "curves"), "max_examples": settings.robustness.max_examples}
    if analysis == WORST_CASE:
        return {"search": keys.section_identity(settings, "worst_case")}
    return measured_identity(settings) if analysis == COMPRESSION else {}


def fragility_run(settings: Settings) -> Run:
    """Return the run of a tokenizer's fragility."""
    identity = {"tokenizer": _tokenizer_identity(settings), "seed": settings.seed}
    return _compared_run(settings, FRAGILITY, tokenizer_name(settings), identity)


def char_channel_run(settings: Settings) -> Run:
    """Return the run of how much an encoder's states depend on characters."""
    return _compared_run(settings, CHAR_CHANNEL, settings.model.name, {"encoder": keys.encoder_identity(settings)})


def _compared_run(settings: Settings, analysis: str, name: str, identity: Mapping[str, Any]) -> Run:
    whole = {"analysis": analysis, "of": comparison(settings, analysis), **identity}
    return Run(settings, KIND, [analysis, name, f"s{settings.seed}"], whole)


def correction_run(settings: Settings) -> Run:
    """Return the run of how well a model's corrector, or without one its NLM head, restores noised words."""
    model = settings.model
    identity: dict[str, Any] = {}
    if model.recognizer.enabled:
        identity["recognizer"] = keys.corrector_identity(settings)
    elif model.dictionary.enabled:
        identity["dictionary"] = keys.repair_identity(settings)
    elif model.restores_words:
        identity["encoder"] = keys.encoder_identity(settings)
        identity["rule"] = {name: getattr(settings.analysis.correction, name) for name in _OF_HEADS}
    return _compared_run(settings, CORRECTION, model.name, identity)


def perplexity_run(settings: Settings) -> Run:
    """Return the run of an encoder's perplexities."""
    identity = {"encoder": keys.encoder_identity(settings), "of": comparison(settings, PERPLEXITY)}
    return Run(settings, PERPLEXITY, [PERPLEXITY, settings.model.name, f"s{settings.seed}"], identity)


def measured_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies how the forms of a model are measured."""
    return {keys.stored_name(f"compression.{name}"): getattr(settings.compression, name) for name in _MEASURED}


def tokenizer_name(settings: Settings) -> str:
    """Return the name of the tokenizer that is measured: the trunk's, or that of a vocabulary file."""
    path = settings.analysis.fragility.vocabulary
    return settings.trunk.name if path is None else Path(path).stem.removesuffix("-vocab")


def comparison(settings: Settings, analysis: str) -> str:
    """Return the hash of what all runs of a figure have in common, beside trunk, data, fine-tuning and pretraining."""
    common = _own_identity(settings, analysis)
    if analysis in (ROBUSTNESS, NOISE_CURVES, WORST_CASE):
        common |= {"task": settings.task.name}
    elif analysis in (FRAGILITY, CORRECTION):
        common |= {"files": keys.files_identity(settings)} | keys.newswire_identity(settings)
        if analysis == CORRECTION:
            common |= {"task": settings.task.name, "attack": keys.section_identity(settings, "attack")}
            common |= keys.section_identity(settings, "analysis.correction", without=_OF_HEADS)
    elif analysis in (CHAR_CHANNEL, PERPLEXITY):
        common |= {"trunk": keys.trunk_identity(settings), "text": keys.text_identity(settings), "seed": settings.seed}
        if analysis == CHAR_CHANNEL:
            common |= keys.section_identity(settings, "analysis.char_channel")
        else:
            common["perplexity"] = keys.section_identity(settings, "perplexity", without=("batch_size",))
            common["attack"] = keys.section_identity(settings, "attack")
    else:
        common |= {"task": keys.task_identity(settings)}
    return settings_key(common)


Find = Callable[..., list[ResultRecord]]
"""Settings and filters to records, as `finished_records`."""


def noise_records(settings: Settings, analysis: str, *, newest: bool = False) -> list[ResultRecord]:
    """Return the finished runs of the settings' task that belong into one table of noise, baselines included.

    Args:
        analysis: of families of noise, of its strength, or of the worst edits.
        newest: take the families, or the strengths, that were measured last, whatever the settings ask for.
    """
    filters = {"details.analysis": analysis, "settings.task.name": settings.task.name}
    return _compared_records(settings, analysis, comparable_records, newest, kind=KIND, **filters)


def correction_records(settings: Settings, *, newest: bool = False) -> list[ResultRecord]:
    """Return the finished runs of typo correction on the settings' sets, or with ``newest`` on those measured last."""
    filters = {"details.analysis": CORRECTION}
    return _compared_records(settings, CORRECTION, finished_records, newest, kind=KIND, **filters)


def perplexity_records(settings: Settings, *, newest: bool = False) -> list[ResultRecord]:
    """Return the perplexities measured on the settings' text, or with ``newest`` on the text measured last."""
    return _compared_records(settings, PERPLEXITY, finished_records, newest, kind=PERPLEXITY)


def _compared_records(
    settings: Settings, analysis: str, find: Find, newest: bool, **filters: Any
) -> list[ResultRecord]:
    """Return the records that are compared with the settings' own, or with the one that was finished last."""
    if not newest:
        return find(settings, **filters, **{"details.compared": comparison(settings, analysis)})
    records = find(settings, **filters)
    last = max(records, key=lambda record: record.finished, default=None)
    return [record for record in records if last and record.details["compared"] == last.details["compared"]]


def training_noise_comparison(settings: Settings) -> dict[str, str | None]:
    """Return the hashes of what models in one table of training noise share: all but model, seed and that noise.

    As `comparison_keys`, with the noise of pretraining counted as the model's own and without that of fine-tuning.
    """
    model = replace(settings.model, own_noise=True)
    return comparison_keys(replace(settings, model=model, robust_training=RobustTrainingSettings()))


def training_noise_records(settings: Settings, *, newest: bool = False) -> list[ResultRecord]:
    """Return the records of `noise_records` of models that may differ in training noise too, without baselines."""
    shared = training_noise_comparison(replace(settings, model=pretrained_model(settings.model)))
    filters: dict[str, Any] = {f"details.training_noise.{name}": shared[name] for name in ("set", "shared")}
    filters["details.training_noise.pretraining"] = [None, shared["pretraining"]]
    filters["details.analysis"] = ROBUSTNESS
    return _compared_records(settings, ROBUSTNESS, finished_records, newest, kind=KIND, **filters)


def analysis_records(settings: Settings, analysis: str) -> list[ResultRecord]:
    """Return the finished runs that belong into one figure with the settings' own, none where nothing was run."""
    filters: dict[str, Any] = {"details.analysis": analysis, "details.compared": comparison(settings, analysis)}
    if analysis not in (FRAGILITY, CHAR_CHANNEL):  # rows of the one are tokenizers, of the other not fine-tuned
        filters["details.comparison.shared"] = comparison_keys(settings)["shared"]
        filters["details.comparison.pretraining"] = fitting_pretraining(settings)
    return finished_records(settings, kind=KIND, **filters)


def _tokenizer_identity(settings: Settings) -> dict[str, Any]:
    chosen = settings.analysis.fragility
    if chosen.vocabulary is not None:
        return {"sha256": file_checksum(chosen.vocabulary), "lower_case": chosen.lower_case}
    if settings.trunk.source is not TrunkSource.scratch:
        return keys.trunk_identity(settings)
    trunk = {name: getattr(settings.trunk, name) for name in ("vocab_size", "lower_case")}
    return trunk | {"text": keys.text_identity(settings)}
