"""Hydra's command line as users type it: file names need no quotes, and an error is one line that says what to do."""

import difflib
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from charbert.config.data.beyond_ascii import from_ascii, in_ascii
from charbert.config.untrusted.targets import OWN_SETTINGS
from charbert.errors import SettingsError

_FUNCTION = re.compile(r"(choice|range|interval|glob|shuffle|sort|tag|int|str|bool|float)\(")
_HOME = re.compile(r"(?<![^,])~(?=/)")
"""At the beginning of a value, or of one of the values of a sweep."""
_FOLDERS = ("paths.outputs", "paths.results")
"""Settings that are folders to be made, which no sweep is over: a comma is a part of the name."""
_UNKNOWN = re.compile(r"Could not override '([^']+)'")
_SEVERAL = re.compile(r"Ambiguous value for argument '(.+)'")
_MERGED = re.compile(r"Error merging override (.+)")
_NO_LIST = "is not a ListConfig"


def begin_help(about: str) -> None:
    """Print what an experiment does and how it is called, if ``--help`` asks for it; Hydra lists the settings below.

    A reader of the beginning alone, as ``head``, ends the process without a stack trace.
    """
    if {"-h", "--help"}.isdisjoint(sys.argv[1:]):
        return
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.write(f"{about.strip()}\n\nWhat each setting means: docs/settings.md.\n\n")


def accept_file_names() -> None:
    """Make Hydra's parser take a value that is a file's name, or that its grammar has no place for, as text.

    ``data.own.train=my file (1),v=2.tsv`` needs no second pair of quotes then. Lists and mappings keep the grammar, but
    for letters beyond ASCII.
    """
    parse = OverridesParser.parse_overrides
    if hasattr(parse, "of_file_names"):
        return

    def parse_overrides(parser: OverridesParser, overrides: list[str]) -> list[Override]:
        given = [_with_quotes(parser, override) for override in overrides]
        parsed = parse(parser, list(map(in_ascii, given)))
        for override, text in zip(parsed, given, strict=True):
            override._value, override.input_line = from_ascii(override._value), text
        return parsed

    parse_overrides.of_file_names = True  # type: ignore[attr-defined]
    OverridesParser.parse_overrides = parse_overrides  # type: ignore[method-assign,assignment]


def _with_quotes(parser: OverridesParser, override: str) -> str:
    name, _, value = override.partition("=")
    if value.startswith("[") and _is_group(name):  # Hydra would merge the choices
        choices = value.strip("[]").replace(" ", "")
        raise SettingsError(f"{name} takes one choice, got {value}; to run each: -m {name}={choices}")
    if _HOME.search(value):  # the shell leaves it, since SETTING=~/FILE is no assignment to a variable
        value = _HOME.sub(lambda _: os.path.expanduser("~"), value)
        override = f"{name}={value}"
    if not value or value[0] in "'\"":
        return override
    try:
        parsed = parser.parse_rule(override, "override")
        if _is_group(name) and not parsed.is_sweep_override() and not isinstance(parsed.value(), str):
            return f"{name}={_quoted(value)}"  # no choice is null or a number; as text it is refused by name
        is_text = not (parsed.is_sweep_override() or value[0] in "[{")
    except HydraException:
        is_text = False
        if value[0] not in "[{" and not _FUNCTION.match(value):
            return f"{name}={_quoted(value)}"
    is_name = name in _FOLDERS or os.path.exists(value)
    return f"{name}={_quoted(value)}" if is_name and not is_text else override


def _is_group(name: str) -> bool:
    return bool(name) and (OWN_SETTINGS / name.lstrip("+").partition("@")[0]).is_dir()


def _quoted(value: str) -> str:
    """Return a value in single quotes; backslashes before a quote are doubled, as Hydra's grammar asks for."""
    inner = re.sub(r"(\\*)'", r"\1\1\\'", value)
    return "'" + re.sub(r"(\\+)$", r"\1\1", inner) + "'"


def describe(error: Exception, settings: Sequence[str]) -> str:
    """Return an error of Hydra in one line.

    Args:
        error: from parsing the command line or composing the settings, of Hydra or of OmegaConf.
        settings: dotted names of all settings, for a suggestion.
    """
    text = str(error)
    if isinstance(error, OverrideParseException):
        name, equals, value = from_ascii(error.override).partition("=")
        if not equals:
            return f"expected SETTING=VALUE, got {error.override!r}; all settings are in docs/settings.md"
        about = f"{name}: {value!r} is not in Hydra's syntax"
        if value[:1] in ("[", "{"):
            return f"{about}; quote each text in it, as in '{name}=[\"a (1)\"]' or '{name}={{a: \"a (1)\"}}'"
        return f"{about}; to give it as it stands, quote it twice: {_shell_quoted(name, value)}"
    if isinstance(error, MissingConfigException) and error.options is not None and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        known = ", ".join(error.options)
        return f"there is no {group}={choice}{_nearest(choice, error.options)}; choose one of {known}"
    if several := _SEVERAL.search(text):
        name, _, value = several[1].partition("=")
        if _is_group(name):
            return f"{name} takes one choice, got {value}; add -m to run each of them"
        return (
            f"{name} got several values, {value}; add -m to run each of them, or give them as one text: "
            f"{_shell_quoted(name, value)}, or as a list: '{name}=[{value}]'"
        )
    if unknown := _UNKNOWN.search(text):
        near = difflib.get_close_matches(unknown[1], settings, n=1)
        if near and f"{unknown[1]}.".startswith(f"{near[0]}."):  # the setting is there, its entry is not
            return f"{near[0]} has no entry of that name; a plus sign adds one: '+{near[0]}.NAME=VALUE'"
        return f"there is no setting {unknown[1]}{_nearest(unknown[1], settings)}; all are in docs/settings.md"
    if merged := _MERGED.search(text):
        name, _, value = merged[1].partition("=")
        if _NO_LIST in str(error.__cause__):
            return f"{name}: expected a list, got {value!r}; give it as '{name}=[{value}]'"
        return f"{merged[1]}: {' '.join(_lines(error.__cause__ or error))}"
    place = f"{error.full_key}: " if isinstance(error, OmegaConfBaseException) and error.full_key else ""
    return place + " ".join(_lines(error))


def _shell_quoted(name: str, value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    return f"'{name}=\"{text}\"'"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _lines(error: object) -> Iterator[str]:
    """Yield what an error says, without the positions in Hydra's own types and its links."""
    for line in map(str.strip, str(error).splitlines()):
        if line and not line.startswith(("full_key:", "reference_type=", "object_type=", "See https://hydra")):
            yield line
