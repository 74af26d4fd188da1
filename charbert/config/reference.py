"""Writes docs/settings.md, the list of all settings with their defaults.

python -m charbert.config.reference
"""

import inspect
import typing
from collections.abc import Iterator
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import takewhile
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from charbert.config.data.noise import AttackSettings
from charbert.config.data.sets import SetFiles
from charbert.config.describe import field_docs
from charbert.config.schema import Settings
from charbert.config.training.trainer import TrainingSettings
from charbert.files import write_atomically

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
COMMAND = "python -m charbert.config.reference"

_SHARED: dict[type[Any], tuple[str, str]] = {
    TrainingSettings: ("RUN", "Training runs"),
    SetFiles: ("FILES", "Files of a data set"),
    AttackSettings: ("ATTACK", "Attacks"),
}
"""Sections used in several places: the prefix of their settings on the page, and their heading."""
_INTRODUCTION = f"""# Settings

All settings with their defaults. On the command line a setting is `name=value`:
`python experiments/finetune.py recipe=quick finetuning.epochs=5`. Lists are `[a,b]`; no value is `null`.

Order of precedence, highest first: the command line, the recipe, the other chosen files of `conf/`, the defaults below.
Add `--cfg job` to a command to print its settings.

This page is generated from the classes in `charbert/config` by `{COMMAND}`.
"""


def render() -> str:
    """Return the page in Markdown."""
    parts = [_INTRODUCTION, _choices(), "## At the top\n\n" + _table(_rows(Settings, "", Settings(), sections=False))]
    for name, _, kind, _ in _fields(Settings):
        if _is_section(kind) and kind not in _SHARED:
            parts.append(f"## {name}\n\n{_about(kind)}\n\n{_table(_rows(kind, name, kind()))}")
    for kind, (prefix, heading) in _SHARED.items():
        places = ", ".join(f"`{place}`" for place in _places(Settings, kind, ""))
        about = f"{_about(kind)}\n\n`{prefix}` is one of {places}."
        parts.append(f"## {heading}\n\n{about}\n\n{_table(_rows(kind, prefix, kind()))}")
    return "\n".join(parts)


def _choices() -> str:
    """Return a table of the files in each group of ``conf/`` with their first comment."""
    lines = ["## Choices", "", "Files of `conf/`, each of which sets several settings: `group=choice`.", ""]
    lines += ["| group | choice | what it is |", "|---|---|---|"]
    conf = ROOT / "conf"
    for path in sorted(conf.rglob("*/*.yaml")):
        text = path.read_text(encoding="utf-8").removeprefix("# @package _global_\n")
        comment = [line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), text.splitlines())]
        folders = [folder for folder in reversed(path.parents) if conf in folder.parents]
        group = next(folder for folder in folders if any(folder.glob("*.yaml")))
        choice = path.relative_to(group).with_suffix("").as_posix()
        lines.append(f"| `{group.relative_to(conf).as_posix()}` | `{choice}` | {_cell(' '.join(comment))} |")
    return "\n".join(lines) + "\n"


def _fields(kind: type[Any], prefix: str = "") -> Iterator[tuple[str, str, Any, Any]]:
    """Yield the name, the dotted name, the type and, of a mapping, the type of the values of each setting."""
    types = typing.get_type_hints(kind)
    for field in fields(kind):
        inner = types[field.name]
        item = typing.get_args(inner)[1] if typing.get_origin(inner) is dict else None
        yield field.name, f"{prefix}.{field.name}" if prefix else field.name, inner, item


def _rows(kind: type[Any], prefix: str, default: Any, *, sections: bool = True) -> list[tuple[str, str, str]]:
    """Return name, default and docstring of settings, nested sections included unless ``sections`` is false."""
    docs = field_docs(kind)
    rows: list[tuple[str, str, str]] = []
    for own_name, name, inner, item in _fields(kind, prefix):
        doc, value = docs.get(own_name, ""), getattr(default, own_name)
        shared = _SHARED.get(inner) or _SHARED.get(item)
        link = f" See [{shared[1]}](#{shared[1].lower().replace(' ', '-')})." if shared else ""
        if _is_section(inner) and not sections:
            continue
        if inner in _SHARED:
            rows.append((name, _changes(inner, value), (doc + link).strip()))
        elif _is_section(inner):
            rows += _rows(inner, name, value)
        elif _is_section(item):
            rows.append((name, "{}", doc + link))
            if not shared:
                rows += _rows(item, f"{name}.NAME", item())
        else:
            rows.append((name, _value(value), doc + _members(inner)))
    return rows


def _changes(kind: type[Any], value: Any) -> str:
    """Return the values of a shared section that differ from its usual defaults."""
    pairs = zip(_rows(kind, "", kind()), _rows(kind, "", value), strict=True)
    return ", ".join(f"{name}: {own}" for (_, usual, _), (name, own, _) in pairs if usual != own)


def _places(kind: type[Any], wanted: type[Any], prefix: str) -> list[str]:
    places = []
    for _, name, inner, item in _fields(kind, prefix):
        if inner is wanted:
            places.append(name)
        elif item is wanted:
            places.append(f"{name}.NAME")
        elif _is_section(inner):
            places += _places(inner, wanted, name)
    return places


def _is_section(kind: Any) -> bool:
    return is_dataclass(kind) and isinstance(kind, type)


def _about(kind: type[Any]) -> str:
    return inspect.cleandoc(kind.__doc__ or "").replace("``", "`")


def _members(kind: Any) -> str:
    """Return the values of an enumeration, with their docstrings if they have any."""
    enums = [
        member for member in (kind, *typing.get_args(kind)) if isinstance(member, type) and issubclass(member, Enum)
    ]
    if not enums:
        return ""
    docs = field_docs(enums[0])
    about = {name: f": {doc.removesuffix('.')}" for name, doc in docs.items()}
    told = [f"`{member.name}`{about.get(member.name, '')}" for member in enums[0]]
    return f" One of {('; ' if docs else ', ').join(told)}."


def _value(value: Any) -> str:
    """Return a default as written on the command line; empty if there is none."""
    if value is NO_DEFAULT or (isinstance(value, str) and value == MISSING):
        return ""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_value(entry)}" for name, entry in value.items()) + "}"
    return str(value) if value != "" else '""'


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for name, default, doc in rows:
        lines.append(f"| `{name}` | {f'`{default}`' if default else ''} | {_cell(doc)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    write_atomically(PAGE, render())
