import os
from pathlib import Path

import pytest

from charbert.errors import DataError, RecordError
from charbert.files import replaced_folder


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "set"
    for content in ("first", "second"):
        with replaced_folder(target) as draft:
            (draft / content).write_text(content)
            assert not (target / content).exists()
        assert entries(target) == [content]
    assert entries(target.parent) == ["set"]


@pytest.mark.parametrize("error", [DataError("broken"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "set"
    with replaced_folder(target) as draft:
        (draft / "old").write_text("old")
    with pytest.raises(type(error)), replaced_folder(target) as draft:
        (draft / "new").write_text("new")
        raise error
    assert entries(target) == ["old"]
    assert entries(tmp_path) == ["set"]


def test_a_folder_that_cannot_take_its_place_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "set"
    with replaced_folder(target) as draft:
        (draft / "old").write_text("old")
    rename = os.rename

    def refuse_drafts(source: Path, destination: Path) -> None:
        if source.name.endswith(".tmp"):
            raise OSError(28, "No space left on device")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", refuse_drafts)
    with pytest.raises(RecordError, match=r"set: could not be written \(No space left"), replaced_folder(target):
        pass
    assert entries(target) == ["old"]
    assert entries(tmp_path) == ["set"]
