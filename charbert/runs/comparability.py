"""Which runs are compared in one table: those that differ in model, task and seed only."""

from dataclasses import replace
from typing import Any

from charbert.config.model.classical import BaselineSettings
from charbert.config.model.encoder import ModelSettings, Objective
from charbert.config.schema import Settings
from charbert.records import ResultRecord, settings_key
from charbert.reporting.tables.scores import BASELINE, FAMILIES, setting, trunk_family
from charbert.runs import keys
from charbert.runs.folders import finished_records
from charbert.runs.run import of_all_folds


def comparison_keys(settings: Settings) -> dict[str, str | None]:
    """Return the hashes that decide whether two runs may be compared in one table.

    ``set`` covers the task's files and, but for baselines, how often they are read. ``protocol`` covers what runs on
    different trunks have in common besides: fine-tuning and attack; ``shared`` the trunk as well. ``pretraining``
    covers text, noise and pretraining, without the noise where that is the model's own, and is None for a model
    without further pretraining, which fits any. A baseline fits all runs on its data and attack.
    """
    chosen_set = _set_keys(settings, baseline=settings.model.is_baseline).get(settings.task.name)
    if settings.model.is_baseline:
        return {"set": chosen_set, "baseline": _baseline_key(settings)}
    protocol = {
        "attack": keys.section_identity(settings, "attack"),
        "finetuning": keys.training_identity(settings, "finetuning"),
        **keys.finetuning_choices(settings),
    }
    pretraining = {"text": keys.text_identity(settings), "pretraining": keys.training_identity(settings, "pretraining")}
    if not settings.model.own_noise:
        pretraining["noise"] = keys.section_identity(settings, "noise")
    pretrained = settings.model.objective is not Objective.none
    return {
        "set": chosen_set,
        "protocol": settings_key(protocol),
        "shared": settings_key({"trunk": keys.trunk_identity(settings), **protocol}),
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
    own = comparison_keys(replace(settings, model=replace(settings.model, baseline=BaselineSettings())))
    fitting = fitting_pretraining(settings)
    common = "protocol" if several_trunks else "shared"
    records = finished_records(
        settings,
        kind=[kind, "ensemble"] if kind == "finetune" else kind,
        **{f"details.comparison.{common}": own[common], "details.comparison.pretraining": fitting},
        **filters,
    )
    chosen = {FAMILIES.get(settings.trunk.name, BASELINE): own["shared"]}
    for record in sorted(records, key=lambda record: record.finished, reverse=True):
        chosen.setdefault(trunk_family(record), record.details["comparison"]["shared"])
    records = [record for record in records if record.details["comparison"]["shared"] in chosen.values()]
    baseline = {"details.comparison.baseline": _baseline_key(settings)}
    kinds = ["baseline", "ensemble"] if kind == "finetune" else kind
    records += finished_records(settings, kind=kinds, **baseline, **filters)
    sets, baseline_sets = _set_keys(settings), _set_keys(settings, baseline=True)

    def is_on_same_set(record: ResultRecord) -> bool:
        known = baseline_sets if "baseline" in record.details["comparison"] else sets
        return bool(record.details["comparison"].get("set") == known.get(str(setting(record, "task.name"))))

    return list(filter(is_on_same_set, records))


def _set_keys(settings: Settings, *, baseline: bool = False) -> dict[str, str]:
    """Return by task the hash of its files and how often they are read; all folds of a set have the same."""
    set_keys = {}
    for name in settings.data.sets:
        of_task = of_all_folds(replace(settings, task=replace(settings.task, name=name)))
        reading = {} if baseline else keys.reading_identity(of_task)
        files = {"files": keys.files_identity(of_task)}
        set_keys[name] = settings_key(files | reading | keys.newswire_identity(settings))
    return set_keys


def _baseline_key(settings: Settings) -> str:
    return settings_key({"attack": keys.section_identity(settings, "attack")})
