"""From a composed Hydra configuration to checked settings."""

from __future__ import annotations

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from charbert.config.schema import Settings
from charbert.errors import SettingsError


def register_schema() -> None:
    """Make the dataclasses known to Hydra, so that every key exists, typed and with its default."""
    ConfigStore.instance().store(name="schema", node=Settings)


def load_settings(cfg: DictConfig) -> Settings:
    """Return the checked settings.

    Raises:
        SettingsError: naming the key when one is missing, unknown, of the wrong type or out of range.
    """
    missing = sorted(OmegaConf.missing_keys(cfg))
    if missing:
        raise SettingsError(f"no value for the setting {', '.join(missing)}; give it as {missing[0]}=...")
    try:
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Settings), cfg))
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "?"
        raise SettingsError(f"setting {key}: {str(error).splitlines()[0]}") from error
    assert isinstance(settings, Settings)
    return settings


register_schema()
