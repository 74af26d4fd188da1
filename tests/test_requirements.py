"""What ``make install`` installs: what something needs and nothing else, each file with its hash."""

import re
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = [
    block
    for block in re.split(r"^(?=\w)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not block.startswith("#")
]
PINNED = {canonicalize_name(block.partition("==")[0]) for block in LOCKED}
HERE: list[dict[str, str]] = [{}]
ELSEWHERE = [
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    {"sys_platform": "emscripten", "python_full_version": "3.14.0", "python_version": "3.14"},
]


def needed(machines: list[dict[str, str]]) -> set[str]:
    """Names of the packages that the project with all extras needs on any of the machines, as far as they are here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    waiting, seen = [*map(Requirement, [*project["dependencies"], *extras])], set()
    while waiting:
        requirement = waiting.pop()
        name, wanted = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name == "charbert" or (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            inner = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:  # of another platform
            continue
        cases = [machine | {"extra": extra} for machine in machines for extra in ("", *wanted)]
        waiting += [each for each in inner if each.marker is None or any(map(each.marker.evaluate, cases))]
    return {name for name, _ in seen}


def test_every_pin_has_hashes() -> None:
    assert len(LOCKED) > 100
    assert [block for block in LOCKED if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", block)] == []


def test_all_but_torch_and_what_its_builds_bring_is_pinned() -> None:
    missing = {name for name in needed(HERE) - PINNED if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert missing == {"torch"}


def test_nothing_is_pinned_that_nothing_needs() -> None:
    assert PINNED - needed(HERE + ELSEWHERE) == set()
