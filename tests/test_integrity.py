"""Damage is found in every file of a folder, at any depth."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.integrity import CHECKSUMS, find_damage, record_checksums

FILES = ("weights", "inner/weights", "inner/deeper/weights")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode() * 100)
    record_checksums(tmp_path)
    return tmp_path


def test_an_unchanged_folder_is_whole_and_lists_all_its_files(folder: Path) -> None:
    assert find_damage(folder) is None
    assert sorted(json.loads((folder / CHECKSUMS).read_text())) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_at_any_depth(folder: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(folder / name)
    assert find_damage(folder) in (f"{name} is missing", f"{name} is not as it was written")


def test_damaged_checksums_are_damage(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / CHECKSUMS)
    assert find_damage(folder)
