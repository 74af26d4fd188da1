"""Settings cannot run code or read the environment: what they may name is listed here.

Hydra instantiates what a configuration names under ``_target_``; Python's logging does so for ``class`` and ``()``.
``hydra.job.env_set`` sets environment variables, some of which hold addresses that libraries send keys to, and
``${oc.env:NAME}`` puts the value of one into a setting, and so into records and W&B. A configuration may come from
another person (a folder of settings, a sweep's server), so all else is rejected when settings are composed, before
anything is instantiated.
"""

import functools
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_search_path import ConfigSearchPath
from hydra.errors import ConfigCompositionException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf, grammar_parser
from omegaconf.grammar_parser import OmegaConfGrammarParser

from charbert.config.data.label_names import with_label_names

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
ENVIRONMENT = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"),
    *("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG"),
)
"""Variables that ``hydra.job.env_set`` may set: threads and devices."""
RESOLVERS = ("hydra", "now", "oc.deprecated", "oc.dict.keys", "oc.dict.values", "oc.select", "python_version")
"""Functions that a setting may call as ``${NAME:...}``: they read the configuration and the clock."""
CLUSTER_COMMANDS = ("additional_parameters", "setup", "srun_args")
"""Settings of ``hydra.launcher`` that a cluster's shell runs: only in ``conf/`` and on the command line."""
OWN_SETTINGS = Path(__file__).parents[3] / "conf"
"""The settings files of this repository."""
STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
"""Python objects that log settings may refer to."""

_LOG_PLACES = ("hydra.job_logging.", "hydra.hydra_logging.")
_ENV_SET = "hydra.job.env_set."
_READS_ENVIRONMENT = ("oc.env", "env")
_NOT_RECORDED = ("hydra.", "paths.")
_ELSEWHERE = re.compile(r"\s*\$\{(?!\s*oc\.env:)[^{}]*\}\s*")


def refuse_code(cfg: DictConfig) -> None:
    """Check that a composed configuration names no code and no environment variable other than those listed above.

    Raises:
        ConfigCompositionException: naming the setting.
    """
    plain = OmegaConf.to_container(cfg, resolve=False, throw_on_missing=False)
    for place, value in _leaves(plain, ""):
        if place.startswith(_ENV_SET) and place.removeprefix(_ENV_SET) not in ENVIRONMENT:
            raise ConfigCompositionException(
                f"{place}: settings may set only {', '.join(ENVIRONMENT)}; set another variable in the shell"
            )
        if not place.startswith(_NOT_RECORDED) and _reads_environment(value):
            raise ConfigCompositionException(
                f"{place}: got {value!r}, but a record would hold the value of the environment variable; only paths "
                'may read one. Let the shell put it in: SETTING="$NAME"'
            )
        if _names_code(place, value):
            raise ConfigCompositionException(
                f"{place}: expected no name of code but that of a Hydra plugin or of a log handler, got {value!r}; "
                "settings run nothing, see charbert/config/untrusted/targets.py for the names allowed"
            )


def guard_composition() -> None:
    """Make Hydra check each settings file, and each composed configuration with `refuse_code`, before it uses them.

    Hydra has no hook that early: its callbacks are instantiated from the configuration.
    """
    if not hasattr(ConfigLoaderImpl.load_configuration, "guarded"):
        ConfigRepository.load_config = _checking_files(ConfigRepository.load_config)  # type: ignore[method-assign]
        ConfigRepository.initialize_sources = _of_plugins(ConfigRepository.initialize_sources)  # type: ignore[method-assign]
        ConfigLoaderImpl.load_configuration = _guarded(ConfigLoaderImpl.load_configuration)  # type: ignore[method-assign]
        importlib.import_module("hydra.main")._get_rerun_conf = _refuse_rerun  # type: ignore[attr-defined]


def _guarded(load: Callable[..., DictConfig]) -> Callable[..., DictConfig]:
    @functools.wraps(load)
    def load_configuration(
        loader: ConfigLoaderImpl, config_name: str | None, overrides: list[str], *args: Any, **kwargs: Any
    ) -> DictConfig:
        cfg = load(loader, config_name, list(map(with_label_names, overrides)), *args, **kwargs)
        refuse_code(cfg)
        return cfg

    load_configuration.guarded = True  # type: ignore[attr-defined]
    return load_configuration


def _checking_files(load: Callable[..., ConfigResult | None]) -> Callable[..., ConfigResult | None]:
    """Reject what only files in `OWN_SETTINGS` may hold: environment variables and commands for a cluster."""

    @functools.wraps(load)
    def load_config(repository: ConfigRepository, config_path: str) -> ConfigResult | None:
        result = load(repository, config_path)
        folder = result.path.removeprefix("file://") if result else ""
        if result is None or folder == result.path or Path(folder).resolve() == OWN_SETTINGS.resolve():
            return result
        for place, value in _leaves(OmegaConf.to_container(result.config, resolve=False), ""):
            reads = _reads_environment(value)
            if reads or not set(CLUSTER_COMMANDS).isdisjoint(place.split(".")):
                raise ConfigCompositionException(
                    f"{Path(folder, config_path)}: {place}: a settings file outside {OWN_SETTINGS.name}/ may not "
                    f"{'read the environment' if reads else 'set commands of cluster jobs'}, got {value!r}; if you "
                    "trust it, give the value on the command line"
                )
        return result

    return load_config


def _of_plugins(begin: Callable[..., None]) -> Callable[..., None]:
    """Reject settings in a Python package, which Hydra imports, unless it is Hydra or a plugin of it."""

    @functools.wraps(begin)
    def initialize_sources(repository: ConfigRepository, config_search_path: ConfigSearchPath) -> None:
        for element in config_search_path.get_path():
            package = (element.path or "").removeprefix("pkg://")
            if package != element.path and package != "hydra.conf" and not package.startswith("hydra_plugins."):
                raise ConfigCompositionException(
                    f"{element.path}: reading settings from a package would run its code; give a folder instead: "
                    "--config-dir FOLDER"
                )
        begin(repository, config_search_path)

    return initialize_sources


def _reads_environment(value: str) -> bool:
    return any(name in _READS_ENVIRONMENT for name in _called(value))


def _called(value: str) -> Iterator[str]:
    """Yield the names of the functions that a text calls as ``${NAME:...}``; a name may be put together from others."""
    nodes: list[Any] = [grammar_parser.parse(value)] if "${" in value else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, OmegaConfGrammarParser.ResolverNameContext):
            yield node.getText()
        nodes.extend(getattr(node, "children", None) or ())


def _refuse_rerun(*_: Any) -> NoReturn:
    sys.stderr.write("error: --experimental-rerun reads a pickle, which may run anything; give the settings again\n")
    raise SystemExit(2)


def _names_code(place: str, value: str) -> bool:
    """Return whether the value at a dotted place names code that is not listed."""
    key = place.rpartition(".")[2]
    if any(name not in (*RESOLVERS, *_READS_ENVIRONMENT) for name in _called(value)):
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
