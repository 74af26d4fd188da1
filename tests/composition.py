"""Settings as Hydra composes them, composed once in a process for the same overrides; each caller has a copy."""

import copy
import dataclasses
import functools
import os
from enum import Enum
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir

from charbert.config.load import load_settings
from charbert.config.schema import Settings

CONF = Path(__file__).parents[1] / "conf"
FOLDER = "/folder-of-a-test"
"""Stands for a test's own folder while settings are composed, so that tests with the same overrides share them."""


def compose_settings(experiment: str, *overrides: str, folder: Path | None = None) -> Settings:
    """Return the settings of an experiment with overrides, in which paths may lie below the test's ``folder``.

    Raises:
        SettingsError: as ``load_settings`` does.
    """
    if folder is None:
        return copy.deepcopy(_composed(os.getcwd(), experiment, overrides))
    shared = tuple(override.replace(str(folder), FOLDER) for override in overrides)
    return _placed(_composed(os.getcwd(), experiment, shared), str(folder))


@functools.lru_cache(maxsize=1000)
def _composed(working_folder: str, experiment: str, overrides: tuple[str, ...]) -> Settings:
    """Compose and check; the user's own files are sought from the working folder, hence the argument."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return load_settings(compose(experiment, overrides=list(overrides)))


def _placed(value: Any, folder: str) -> Any:
    """Return a copy with the folder for its placeholder in every text."""
    if isinstance(value, str):
        return value.replace(FOLDER, folder)
    if isinstance(value, Path):
        return Path(str(value).replace(FOLDER, folder))
    if isinstance(value, dict):
        return {_placed(key, folder): _placed(child, folder) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_placed(child, folder) for child in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        copied = copy.copy(value)
        for field in dataclasses.fields(value):
            object.__setattr__(copied, field.name, _placed(getattr(value, field.name), folder))
        return copied
    assert value is None or isinstance(value, bool | int | float | Enum), value
    return value
