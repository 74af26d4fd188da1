import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from charbert.errors import DataError, RecordError
from charbert.files import locked, recover_folder, replaced_folder, write_atomically


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


def test_files_of_a_folder_may_be_read_by_those_who_may_read_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch(0o600)
    before = os.umask(0o027)
    try:
        with replaced_folder(tmp_path / "set") as draft:
            (draft / "link").symlink_to(tmp_path / "elsewhere")
            (draft / "weights").touch(0o600)  # as safetensors writes them
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "set", tmp_path / "set" / "weights")}
    assert modes == {"set": 0o750, "weights": 0o640}
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o600


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


_REPLACE = """
import os, sys
from pathlib import Path
from charbert.files import replaced_folder

steps, target = int(sys.argv[1]), Path(sys.argv[2])

def counted(call):
    def step(*args, **kwargs):
        global steps
        if steps == 0:
            os._exit(9)
        steps -= 1
        return call(*args, **kwargs)
    return step

for name in ("mkdir", "rename", "fsync", "unlink", "rmdir", "open"):
    setattr(os, name, counted(getattr(os, name)))
with replaced_folder(target) as draft:
    (draft / "deep").mkdir()
    (draft / "deep" / "file").write_text("new")
    (draft / "file").write_text("new")
os._exit(0)
"""
"""Replaces a folder, and is killed before its n-th call to the system."""


@pytest.mark.slow
def test_a_process_killed_at_any_step_leaves_one_whole_folder_after_the_next_start(tmp_path: Path) -> None:
    endings, steps, code = set(), 0, 9
    while code == 9:
        target = tmp_path / str(steps) / "set"
        (target / "deep").mkdir(parents=True)
        for name in ("file", "deep/file"):
            (target / name).write_text("old")
        done = subprocess.run([sys.executable, "-c", _REPLACE, str(steps), str(target)], check=False)
        code, steps = done.returncode, steps + 1
        endings.add((code, target.exists()))
        recover_folder(target)
        contents = {(target / name).read_text() for name in ("file", "deep/file")}
        assert contents == {"new"} if code == 0 else len(contents) == 1
        assert entries(target.parent) == ["set"], (steps, entries(target.parent))
        with replaced_folder(target) as draft:
            (draft / "file").write_text("next")
        assert entries(target) == ["file"] and entries(target.parent) == ["set"]
    assert code == 0 and (9, False) in endings and (9, True) in endings  # also between the two renames


def test_what_a_killed_process_left_is_recovered_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    target = tmp_path / "set"
    for name in (
        ".set.00000001.old",
        ".set.00000001.tmp",
        ".set.0000000a.tmp",
        ".set.extra.old",
        ".other.00000001.old",
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / ".set.0000000b.lock").touch()
    with replaced_folder(target) as living:
        (living / "file").write_text("living")
        recover_folder(target)
        assert (living / "file").read_text() == "living"
        assert (target / "file").read_text() == ".set.00000001.old"
        assert entries(tmp_path)[0] == ".other.00000001.old" and len(entries(tmp_path)) == 5
    assert entries(tmp_path) == [".other.00000001.old", ".set.extra.old", "set"]
    assert (target / "file").read_text() == "living"


def test_files_are_on_the_disk_before_a_name_says_that_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a folder all files and folders, then the rename, then the folder that holds the name; of a file the same."""
    calls: list[tuple[str, str]] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def synced(descriptor: int) -> None:
        calls.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def named(call: Callable[[Path, Path], None], source: Path, target: Path) -> None:
        calls.append(("name", Path(target).name))
        call(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", partial(named, rename))
    monkeypatch.setattr(os, "replace", partial(named, replace))
    with replaced_folder(tmp_path / "set") as draft:
        (draft / "deep").mkdir()
        (draft / "deep" / "inner").touch()
        (draft / "outer").touch()
        name = draft.name
    assert calls == [
        *(("sync", part) for part in ("inner", "deep", "outer", name)),
        ("name", "set"),
        ("sync", tmp_path.name),
    ]
    calls.clear()
    write_atomically(tmp_path / "record", "text")
    assert calls[1:] == [("name", "record"), ("sync", tmp_path.name)] and calls[0][0] == "sync"


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


def test_who_waits_for_a_lock_says_for_which(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """So that a process that hangs can be found (``fuser LOCK``), on this machine or another one."""
    caplog.set_level("INFO")
    holder = os.open(tmp_path / "run.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    threading.Timer(0.1, os.close, [holder]).start()
    with locked(tmp_path / "run.lock", "making a cell"):
        assert caplog.messages == [f"waiting for another process: making a cell; it holds {tmp_path / 'run.lock'}"]
