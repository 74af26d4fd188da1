"""Which runs are compared in one table: those that differ in model, task and seed only."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from charbert.config.model.classical import BaselineKind, BaselineSettings
from charbert.config.model.encoder import ModelSettings, Objective
from charbert.config.schema import Settings
from charbert.records import ResultRecord, settings_key
from charbert.reporting.tables.scores import BASELINE, FAMILIES, setting, trunk_family
from charbert.runs.folders import finished_records
from charbert.runs.keys import (
    files_identity,
    finetuning_choices,
    newswire_identity,
    reading_identity,
    section_identity,
    text_identity,
    training_identity,
    trunk_identity,
)
from charbert.runs.run import of_all_folds


def comparison_keys(settings: Settings) -> dict[str, str | None]:
    """Return the hashes that decide whether two runs may be compared in one table.

    ``set`` covers the task's files and, but for baselines, how often they are read. ``protocol`` covers what runs on
    different trunks have in common besides: fine-tuning and attack; ``shared`` the trunk as well. ``pretraining``
    covers text, noise and pretraining, without the noise where that is the model's own, and is None for a model
    without further pretraining, which fits any. A baseline fits all runs on its data and attack.
    """
    is_baseline = settings.model.baseline.kind is not BaselineKind.none
    chosen_set = _set_keys(settings, baseline=is_baseline).get(settings.task.name)
    if is_baseline:
        return {"set": chosen_set, "baseline": _baseline_key(settings)}
    protocol = {
        "attack": section_identity(settings, "attack"),
        "finetuning": training_identity(settings, "finetuning"),
        **finetuning_choices(settings),
    }
    pretraining = {"text": text_identity(settings), "pretraining": training_identity(settings, "pretraining")}
    if not settings.model.own_noise:
        pretraining["noise"] = section_identity(settings, "noise")
    pretrained = settings.model.objective is not Objective.none
    return {
        "set": chosen_set,
        "protocol": settings_key(protocol),
        "shared": settings_key({"trunk": trunk_identity(settings), **protocol}),
        "pretraining": settings_key(pretraining) if pretrained else None,
    }


def pretrained_model(model: ModelSettings) -> ModelSettings:
    """Return a model that is pretrained, for comparison with one that may not be."""
    plain = replace(model, pretrained="", released="", baseline=BaselineSettings(), word_shapes=False)
    return replace(plain, objective=Objective.mlm_nlm)


def fitting_pretraining(settings: Settings) -> list[str | None]:
    """Return the ``pretraining`` of runs that fit the settings': none, theirs, or theirs with noise of the model's."""
    own = replace(pretrained_model(settings.model), own_noise=True)
    models = (replace(own, own_noise=False), own)
    return [None, *(comparison_keys(replace(settings, model=model))["pretraining"] for model in models)]


def comparable_records(
    settings: Settings, kind: str = "finetune", *, several_trunks: bool = False, **filters: Any
) -> list[ResultRecord]:
    """Return the finished runs of a kind that differ from the settings' own only in model, task and seed.

    Each task counts with the files that the settings name for it: runs with ``data=benchmarks`` and runs with
    ``data=folds`` are compared where both name the same files.

    Args:
        settings: of one of the runs.
        kind: finetune, shared_task or analysis; the first includes ensembles of such runs and the baselines on the same
            data, the last analyses of baselines.
        several_trunks: add the runs of other trunk families
            (`charbert.reporting.tables.scores.trunk_family`): RoBERTa's to BERT's, and the other way round. Of several
            trunks of a family the one that was run last counts.
        **filters: more for `charbert.records.read_records`.
    """
    keys = comparison_keys(replace(settings, model=replace(settings.model, baseline=BaselineSettings())))
    fitting = fitting_pretraining(settings)
    common = "protocol" if several_trunks else "shared"
    records = finished_records(
        settings,
        kind=[kind, "ensemble"] if kind == "finetune" else kind,
        **{f"details.comparison.{common}": keys[common], "details.comparison.pretraining": fitting},
        **filters,
    )
    chosen = {FAMILIES.get(settings.trunk.name, BASELINE): keys["shared"]}
    for record in sorted(records, key=lambda record: record.finished, reverse=True):
        chosen.setdefault(trunk_family(record), record.details["comparison"]["shared"])
    records = [record for record in records if record.details["comparison"]["shared"] in chosen.values()]
    baseline = {"details.comparison.baseline": _baseline_key(settings)}
    kinds = ["baseline", "ensemble"] if kind == "finetune" else kind
    records += finished_records(settings, kind=kinds, **baseline, **filters)
    sets, baseline_sets = _set_keys(settings), _set_keys(settings, baseline=True)
    return [record for record in records if _is_on(record, baseline_sets if _is_baseline(record) else sets)]


def _set_keys(settings: Settings, *, baseline: bool = False) -> dict[str, str]:
    """Return by task the hash of its files and how often they are read; all folds of a set have the same."""
    keys = {}
    for name in settings.data.sets:
        of_task = of_all_folds(replace(settings, task=replace(settings.task, name=name)))
        reading = {} if baseline else reading_identity(of_task)
        keys[name] = settings_key({"files": files_identity(of_task)} | reading | newswire_identity(settings))
    return keys


def _is_baseline(record: ResultRecord) -> bool:
    return "baseline" in record.details["comparison"]


def _is_on(record: ResultRecord, sets: Mapping[str, str]) -> bool:
    return bool(record.details["comparison"].get("set") == sets.get(str(setting(record, "task.name"))))


def _baseline_key(settings: Settings) -> str:
    return settings_key({"attack": section_identity(settings, "attack")})
