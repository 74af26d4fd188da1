"""Compose the settings of the running experiment again with some of them changed."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from charbert.config.load import load_settings
from charbert.config.schema import Settings
from charbert.errors import SettingsError, first_line

_INTERNAL = ("hydra/", "search/")
"""Groups that do not change what is run."""
_LEFT_OUT = (*_INTERNAL, "hydra.", "search.")
"""What another experiment's file does not get of the command line."""


@dataclass(frozen=True)
class Composition:
    """The source of a Hydra configuration and the overrides of the command line."""

    folder: str
    """Of the configuration files."""
    name: str
    """Of the primary configuration file."""
    overrides: tuple[str, ...]
    groups: Mapping[str, str]
    """The file chosen in each group."""
    other_folders: tuple[str, ...] = ()
    """Of the user's own configuration files: ``--config-dir`` and ``hydra.searchpath``."""

    @classmethod
    def current(cls) -> Self:
        """Return the composition of the running experiment."""
        hydra = HydraConfig.get()
        sources = hydra.runtime.config_sources
        folder = next(source.path for source in sources if source.provider == "main")
        others = tuple(source.path for source in sources if source.schema == "file" and source.path != folder)
        chosen = {
            name: choice
            for name, choice in hydra.runtime.choices.items()
            if isinstance(choice, str) and not name.startswith(_INTERNAL)
        }
        return cls(folder, str(hydra.job.config_name), tuple(hydra.overrides.task), chosen, others)

    def settings(self, changes: Mapping[str, Any] | None = None) -> Settings:
        """Return the checked settings with changed settings or chosen files.

        Raises:
            SettingsError: if there is no such setting or file, or a value is out of range.
        """
        changed = [f"{name}={self._written(name, value)}" for name, value in (changes or {}).items()]
        running = GlobalHydra.instance().is_initialized()
        ready = contextlib.nullcontext() if running else initialize_config_dir(self.folder, version_base="1.3")
        folders = json.dumps([f"file://{folder}" for folder in self.other_folders])
        others = [f"hydra.searchpath={folders}"] if self.other_folders else []  # unknown to another process
        try:
            with ready:
                return load_settings(compose(self.name, [*self.overrides, *changed, *others]))
        except HydraException as error:
            raise SettingsError(f"{', '.join(changed)}: {first_line(error)}") from error

    @property
    def removals(self) -> list[str]:
        """The overrides that take something out of the settings, as ``~data.sets.ner.attacked.released``.

        A configuration file cannot do that, so a command with `file` needs them.
        """
        return [text for text in self.overrides if text.startswith("~") and not text[1:].startswith(_LEFT_OUT)]

    def file(self, experiment: str, changes: Mapping[str, Any], comment: Sequence[str]) -> str:
        """Return the text of a configuration file with which another experiment gets these settings, some changed.

        Args:
            changes: as for `settings`.
        """
        groups = {**self.groups, **{name: value for name, value in changes.items() if name in self.groups}}
        defaults = [experiment, *({f"override /{name}": choice} for name, choice in groups.items()), "_self_"]
        values = OmegaConf.create()
        for override in OverridesParser.create().parse_overrides(list(self.overrides)):
            name = override.key_or_group
            if name not in self.groups and not override.is_delete() and not name.startswith(_LEFT_OUT):
                OmegaConf.update(values, name, override.value())
        for name, value in changes.items():
            if name not in self.groups:
                OmegaConf.update(values, name, value)
        top = "".join(f"# {line}\n" for line in comment)
        return top + OmegaConf.to_yaml(OmegaConf.merge({"defaults": defaults}, values))

    def _written(self, name: str, value: Any) -> str:
        return str(value) if name in self.groups else json.dumps(value)
