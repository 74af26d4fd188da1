import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from charbert.errors import DataError, RecordError
from charbert.files import locked, replaced_folder


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


def test_a_lock_keeps_another_process_out_until_its_holder_ends_even_by_kill(tmp_path: Path) -> None:
    lock = tmp_path / "some" / "cell.lock"
    code = f"""
import time
from charbert.files import locked
with locked({str(lock)!r}, "making a cell"):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(Timeout):
            FileLock(lock, timeout=0).acquire()
        holder.kill()
    with locked(lock, "making a cell"), locked(lock, "the same once more on the way down"):
        pass
    FileLock(lock, timeout=0).acquire()
