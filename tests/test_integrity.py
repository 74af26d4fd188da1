import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.errors import RecordError, SettingsError
from charbert.integrity import CHECKSUMS, WRITTEN_BY, check_target, find_damage, record_checksums, written_folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder that a command reads."""
    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("theirs")
    return folder


def write(target: Path | str, model: Path, writer: str = "charbert encoder", content: str = "first") -> None:
    with written_folder(target, writer, model) as draft:
        (draft / "deep").mkdir(exist_ok=True)
        (draft / "deep" / "file").write_text(content)


def test_a_new_or_empty_folder_and_one_that_the_same_command_wrote_are_replaced(tmp_path: Path, model: Path) -> None:
    (tmp_path / "target").mkdir()
    for content in ("first", "second"):
        write(tmp_path / "target", model, content=content)
        assert (tmp_path / "target" / "deep" / "file").read_text() == content


def test_a_folder_with_anything_else_is_refused_and_stays(tmp_path: Path, model: Path) -> None:
    for number, change in enumerate(
        (
            lambda target: (target / "notes").write_text("mine"),
            lambda target: (target / "deep" / "notes").write_text("mine"),
            lambda target: (target / "deep" / "file").write_text("changed"),
            lambda target: (target / WRITTEN_BY).unlink(),
            lambda target: (target / WRITTEN_BY).write_text("{"),
            lambda target: (target / "link").symlink_to(model),
        )
    ):
        target = tmp_path / str(number)
        write(target, model)
        change(target)
        before = sorted(target.rglob("*"))
        with pytest.raises(SettingsError, match="expected a new or empty folder, or one that `charbert encoder` wrote"):
            write(target, model)
        assert sorted(target.rglob("*")) == before and (target / "deep" / "file").exists()
    write(tmp_path / "exported", model, writer="charbert export")
    with pytest.raises(SettingsError, match=r"got one with other files \(\.written_by, deep\)"):
        write(tmp_path / "exported", model)


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match=r"file: could not be written \(Not a directory\)"):
        check_target(tmp_path / "file" / "target", "charbert encoder", model)


def test_files_that_come_while_the_command_works_are_kept(tmp_path: Path, model: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(SettingsError, match="other files"), written_folder(target, "charbert encoder", model):
        target.mkdir()
        (target / "mine").write_text("mine")
    assert [path.name for path in target.iterdir()] == ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "target"]


@pytest.mark.parametrize("target", ["run/model", "run", ".", "..", "run/../run/model", "link", "", "other/.."])
def test_the_model_and_every_folder_above_it_or_the_working_folder_are_refused(
    target: str, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(model)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"expected a new folder .*, got (one that holds|the working)"):
        check_target(target, "charbert encoder", model)
    monkeypatch.chdir(tmp_path / "other")
    for place in (os.curdir, os.pardir, tmp_path / "other"):
        with pytest.raises(SettingsError, match=r"got (the working folder|one that holds)"):
            check_target(place, "charbert encoder", model)


def test_a_file_is_refused_and_a_folder_inside_the_model_is_not(tmp_path: Path, model: Path) -> None:
    with pytest.raises(SettingsError, match="got a file"):
        write(model / "weights", model)
    write(model / "encoder", model)
    assert (model / "weights").read_text() == "theirs"


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
