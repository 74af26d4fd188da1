"""Settings cannot run code: they may name only Hydra's own plugins and the standard library's log handlers.

Hydra instantiates what a configuration names under ``_target_``; Python's logging does so for ``class`` and ``()``.
A configuration may come from another person (a folder of settings, a sweep's server), so a name that is not listed here
is rejected when settings are composed, before anything is instantiated.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf

from charbert.config.label_names import with_label_names
from charbert.config.renamed import refuse_renamed

PLUGIN_PLACES = ("hydra.launcher._target_", "hydra.sweeper._target_")
"""Here Hydra accepts only classes of installed plugins."""
PLUGIN_PACKAGES = ("hydra_plugins.", "hydra._internal.core_plugins.")
CALLBACKS = ("hydra.experimental.callbacks.LogJobReturnCallback",)
LOG_CLASSES = (
    "logging.FileHandler",
    "logging.Formatter",
    "logging.NullHandler",
    "logging.StreamHandler",
    "logging.handlers.RotatingFileHandler",
    "logging.handlers.TimedRotatingFileHandler",
    "colorlog.ColoredFormatter",
)
"""Classes that log settings may name; the last one belongs to the plugin hydra-colorlog."""
STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
"""Python objects that log settings may refer to."""

_LOG_PLACES = ("hydra.job_logging.", "hydra.hydra_logging.")
_BUILDING = re.compile(r"\$\{\s*oc\.(create|decode)\b")
_CHOOSES_CODE = re.compile(r"hydra\.job\.env_set\.(LD_|DYLD_|PYTHON|GIT_|PATH$)")
_ELSEWHERE = re.compile(r"\s*\$\{(?!\s*oc\.env:)[^{}]*\}\s*")


def find_code(plain: Any) -> tuple[str, str] | None:
    """Return the first place in a composed configuration that names code, and its value; None if there is none.

    Args:
        plain: the whole configuration as dictionaries and lists, with unresolved interpolations.
    """
    return next((item for item in _leaves(plain, "") if _names_code(*item)), None)


def refuse_code(cfg: DictConfig) -> None:
    """Check that a composed configuration names no code other than the names listed above.

    Raises:
        ConfigCompositionException: naming the setting.
    """
    code = find_code(OmegaConf.to_container(cfg, resolve=False, throw_on_missing=False))
    if code is not None:
        place, value = code
        raise ConfigCompositionException(
            f"{place}: expected no name of code but that of a Hydra plugin or of a log handler, got {value!r}; "
            "settings run nothing, see charbert/config/targets.py for the names allowed"
        )


def guard_composition() -> None:
    """Make Hydra check each composed configuration with `refuse_code` before it instantiates anything.

    Hydra has no hook that early: its callbacks are instantiated from the configuration.
    """
    if not hasattr(ConfigLoaderImpl.load_configuration, "guarded"):
        ConfigLoaderImpl.load_configuration = _guarded(ConfigLoaderImpl.load_configuration)  # type: ignore[method-assign]
        importlib.import_module("hydra.main")._get_rerun_conf = _refuse_rerun  # type: ignore[attr-defined]


def _guarded(load: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    @functools.wraps(load)
    def load_configuration(
        loader: ConfigLoaderImpl, config_name: str | None, overrides: list[str], *args: Any, **kwargs: Any
    ) -> DictConfig:
        refuse_renamed(overrides)
        cfg = load(loader, config_name, with_label_names(overrides), *args, **kwargs)
        refuse_code(cfg)
        return cfg

    load_configuration.guarded = True  # type: ignore[attr-defined]
    return load_configuration


def _refuse_rerun(*_: Any) -> NoReturn:
    sys.stderr.write("error: --experimental-rerun reads a pickle, which may run anything; give the settings again\n")
    raise SystemExit(2)


def _names_code(place: str, value: str) -> bool:
    """Return whether the value at a dotted place names code that is not listed."""
    key = place.rpartition(".")[2]
    if _BUILDING.search(value) or _CHOOSES_CODE.match(place):
        return True
    if key == "_target_":
        if place in PLUGIN_PLACES:
            return not value.startswith(PLUGIN_PACKAGES)
        return not (place.startswith("hydra.callbacks.") and value in CALLBACKS)
    if f"{place}.".startswith(_LOG_PLACES):
        if key in ("class", "()"):
            return value not in LOG_CLASSES
        refers = re.match(r"\s*(ext|cfg)://", value) or _ELSEWHERE.fullmatch(value)
        return refers is not None and value not in STREAMS
    return key == "()"


def _leaves(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield the dotted place and the text of every value, empty ones included."""
    items: Iterator[tuple[Any, Any]]
    if isinstance(value, dict) and value:
        items = iter(value.items())
    elif isinstance(value, list | tuple) and value:
        items = iter(enumerate(value))
    else:
        yield place, str(value)
        return
    for name, inner in items:
        if isinstance(inner, dict | list | tuple) and name in ("_target_", "()", "class"):
            yield f"{place}.{name}" if place else str(name), str(inner)  # a name is one text
        yield from _leaves(inner, f"{place}.{name}" if place else str(name))
