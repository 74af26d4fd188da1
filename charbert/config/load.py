"""Converts a composed Hydra configuration to checked settings."""

import copy
import difflib
import hashlib
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from charbert.config.bench import ShapeSettings
from charbert.config.data.noise import AttackSettings
from charbert.config.data.sets import FoldSettings
from charbert.config.identity import identity_values
from charbert.config.schema import Settings
from charbert.config.training.trainer import OptimizerSettings, TrainingSettings
from charbert.config.untrusted.limits import bound_reading
from charbert.config.untrusted.targets import guard_composition
from charbert.errors import SettingsError, first_line

_REUSED: dict[type, str] = {
    TrainingSettings: "training",
    OptimizerSettings: "optimizer",
    FoldSettings: "folds",
    ShapeSettings: "shape",
    AttackSettings: "attack",
}
"""Sections used in several places, and the name that their error messages use."""


def register_schema() -> None:
    """Register the dataclasses with Hydra: every key exists, is typed and has its default, and no key names code."""
    ConfigStore.instance().store(name="schema", node=Settings)
    ConfigStore.__deepcopy__ = _with_own_table  # type: ignore[attr-defined]
    guard_composition()
    bound_reading()


def _with_own_table(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    """Return a copy that shares the nodes, which Hydra copies when it loads them.

    Hydra copies the store for each group that ``--help`` lists.
    """

    def copied(entry: Any) -> Any:
        return {name: copied(child) for name, child in entry.items()} if isinstance(entry, dict) else copy.copy(entry)

    other = object.__new__(ConfigStore)
    other.repo = copied(store.repo)
    return other


def load_settings(cfg: DictConfig) -> Settings:
    """Return the checked settings.

    Raises:
        SettingsError: naming the key when one is missing, unknown, of the wrong type or out of range.
    """
    try:
        missing = sorted(OmegaConf.missing_keys(cfg))
        if missing:
            raise SettingsError(f"no value for the setting {', '.join(missing)}; give it as {missing[0]}=...")
        typed = OmegaConf.get_type(cfg) is Settings  # as Hydra composes it; other mappings are checked key by key here
        merged = cfg if typed else OmegaConf.merge(OmegaConf.structured(Settings), cfg)
        _check_sections(merged, "")
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "?"
        raise SettingsError(f"setting {key}: {first_line(error)}") from error
    assert isinstance(settings, Settings)
    return _with_newswire_folder(with_own_files(settings))


def _with_newswire_folder(settings: Settings) -> Settings:
    """Return the settings with a folder of generated data that those of another size or seed do not share.

    Runs at the same time would else replace each other's files.
    """
    if not settings.data.generated:
        return settings
    key = hashlib.sha256(repr(identity_values(settings.newswire)).encode()).hexdigest()[:8]
    return replace(settings, data=replace(settings.data, root=f"{settings.data.root}/{key}"))


def with_own_files(settings: Settings) -> Settings:
    """Return the settings with the user's own files, if there are any, as the data set of the task."""
    own = settings.data.own
    if not settings.data.has_own_files:
        return settings
    names: dict[str, Any] = {split: _from_working_folder(getattr(own, split)) for split in ("train", "dev", "test")}
    attacked = {name: _from_working_folder(path) for name, path in own.attacked.items()}
    noisy = {name: replace(copy, operations=_from_working_folder(copy.operations)) for name, copy in own.noisy.items()}
    folds = replace(own.folds, articles=_from_working_folder(own.folds.articles))
    files = replace(own, **names, attacked=attacked, noisy=noisy, folds=folds)
    sets = {**settings.data.sets, settings.task.name: files}
    return replace(settings, data=replace(settings.data, name="own", own=files, sets=sets))


def _from_working_folder(name: str) -> str:
    """Return a file name with the working folder in front; the name of a hub split is returned unchanged."""
    if not name or name.startswith("hub:"):
        return name
    prefix = "parquet:" if name.startswith("parquet:") else ""
    return prefix + str(Path.cwd() / name.removeprefix(prefix))


def _check_sections(node: Any, path: str) -> None:
    """Check a section and those in it.

    Raises:
        SettingsError: for an entry that is no setting (Hydra adds what ``+NAME=VALUE`` says), and for an invalid reused
            section, with its real key instead of the section's name.
    """
    if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
        return
    section = OmegaConf.get_type(node)
    known = {setting.name for setting in fields(section)} if section is not None and is_dataclass(section) else None
    for key in node:
        entry = str(key)  # a number is a key of label_names
        name = f"{path}.{entry}" if path else entry
        if known is not None and entry not in known:
            near = difflib.get_close_matches(entry, known, n=1)
            meant = f" (did you mean {name.removesuffix(entry)}{near[0]}?)" if near else ""
            raise SettingsError(f"there is no setting {name}{meant}; all are in docs/settings.md")
        _check_sections(node._get_node(key), name)
    called = _REUSED.get(section or object)
    if called is not None:
        try:
            OmegaConf.to_object(node)
        except SettingsError as error:
            raise SettingsError(re.sub(rf"\b{called}\.", f"{path}.", str(error))) from error


register_schema()
