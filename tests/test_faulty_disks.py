"""A disk that is full and folders that cannot be written: one clear message, and nothing finished is lost."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from charbert.runs.errors import folder_failure
from tests.deploy.conftest import save_model, tagger
from tests.new_process import run_new

ROOT = Path(__file__).parents[1]
FINETUNE = ["finetune.py", "recipe=smoke", "task=cola", "model=bert", "tracking=off"]
__all__ = ["save_model", "tagger"]
FILLED_DISKS = f"""
import json, os, subprocess, sys
from tests.new_process import run_new
folder, *sizes = sys.argv[1:]
for size in sizes:
    outputs, results = f'{{folder}}/{{size}}/outputs', f'{{folder}}/{{size}}/results'
    os.makedirs(outputs)
    for options in (('-o', f'size={{size}}k', 'none'), ('-o', 'remount,size=1g')):
        subprocess.run(['mount', '-t', 'tmpfs', *options, outputs], check=True)
        folders = (f'paths.outputs={{outputs}}', f'paths.results={{results}}')
        done = run_new(['experiments/finetune.py', *{FINETUNE[1:]}, *folders])
        print(json.dumps({{'status': done.returncode, 'errors': done.stderr}}))
"""
"""Runs on a file system of each size, and again when it has grown."""
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run a script of bash that knows ``finetune``, ``$outputs`` and ``$results``."""
    command = " ".join([sys.executable, str(ROOT / "experiments" / FINETUNE[0]), *FINETUNE[1:]])
    variables = {"outputs": str(tmp_path / "outputs"), "results": str(tmp_path / "results")}
    (tmp_path / "outputs").mkdir()

    def run(script: str, *wrapper: str) -> subprocess.CompletedProcess[str]:
        script = f'finetune() {{ {command} paths.outputs="$outputs" paths.results="$results" "$@"; }}\n{script}'
        return subprocess.run(
            [*wrapper, "bash", "-uc", script],
            cwd=ROOT,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


@pytest.fixture
def own_mounts(shell: Shell) -> Shell:
    """The same with mounts of its own; skipped where the system allows no user such a thing."""
    wrapper = ("unshare", "--user", "--map-root-user", "--mount")
    if shutil.which("unshare") is None or shell('mount -t tmpfs none "$outputs"', *wrapper).returncode:
        pytest.skip("needs a system that lets users mount")
    return lambda script: shell(script, *wrapper)


def messages(errors: str) -> list[str]:
    assert "Traceback" not in errors and "Logging error" not in errors, errors[-3000:]
    return [line for line in errors.splitlines() if line.startswith("error: ")]


def test_a_folder_below_a_file_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = shell(f"outputs={tmp_path}/file/outputs; finetune")
    assert done.returncode == 2
    (message,) = messages(done.stderr)
    assert f"{tmp_path}/file" in message and "(Not a directory)" in message and "paths.outputs" in message


def test_a_disk_that_is_only_to_be_read_is_named(own_mounts: Shell, tmp_path: Path) -> None:
    done = own_mounts('mount -t tmpfs none "$outputs" && mount -o remount,ro "$outputs"; finetune')
    assert done.returncode == 2
    (message,) = messages(done.stderr)
    assert f"{tmp_path}/outputs" in message and "(Read-only file system)" in message


@pytest.mark.slow
def test_results_that_are_only_to_be_read_are_named_before_anything_is_trained(
    own_mounts: Shell, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    done = own_mounts('mount -t tmpfs none "$results" && mount -o remount,ro "$results"; finetune')
    assert done.returncode == 2
    (message,) = messages(done.stderr)
    assert f"{tmp_path}/results" in message and "(Read-only file system)" in message and "paths.results" in message
    assert not list((tmp_path / "outputs").rglob("checkpoints"))


@pytest.mark.slow
def test_an_encoder_that_does_not_fit_on_the_disk_is_one_line(own_mounts: Shell, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    done = own_mounts(
        f'mount -t tmpfs -o size=8k none "{tmp_path}/small"\n'
        f'"{sys.executable}" -m charbert encoder models/charbert-minilm "{tmp_path}/small/encoder"; code=$?\n'
        f'ls -A "{tmp_path}/small"; exit $code'
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("charbert: error: ") and "could not be written" in line


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_predictions_that_cannot_be_written_are_one_line(tagger: Path, shell: Shell) -> None:
    done = shell(
        f'echo "Ada King lives in London." | "{sys.executable}" -m charbert predict "{tagger}" --quiet >/dev/full'
    )
    assert done.returncode == 2
    assert done.stderr == (
        "charbert: error: the output could not be written (No space left on device); free space or choose another\n"
    )


@pytest.mark.slow
def test_a_run_that_filled_the_disk_goes_on_when_there_is_space(own_mounts: Shell, tmp_path: Path) -> None:
    sizes = (100, 700, 1100)
    done = own_mounts(f'"{sys.executable}" -c "{FILLED_DISKS}" "{tmp_path}" {" ".join(map(str, sizes))}')
    assert done.returncode == 0, done.stderr[-3000:]
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    for kilobytes, (first, second) in zip(sizes, zip(runs[::2], runs[1::2], strict=True), strict=True):
        assert [first["status"], second["status"]] == [2, 0], second["errors"][-3000:]
        assert messages(second["errors"]) == []
        (message,) = messages(first["errors"])
        assert "again" in message
        assert "No space left" in message or " 0.0 MB are free" in message  # of torch, which does not say why
        (record,) = (tmp_path / f"{kilobytes}/results/records").glob("cola-*/record.json")
        assert "eval/cola/matthews" in json.loads(record.read_text())["metrics"]


@pytest.mark.slow
def test_a_file_that_may_not_grow_is_no_half_checkpoint(shell: Shell, tmp_path: Path) -> None:
    done = shell("ulimit -f 100; finetune")
    (message,) = messages(done.stderr)
    assert done.returncode == 2 and "could not be written" in message
    script, *overrides = FINETUNE
    folders = [f"paths.{name}={tmp_path / name}" for name in ("outputs", "results")]
    again = run_new([f"experiments/{script}", *overrides, *folders])
    assert again.returncode == 0, again.stderr[-3000:]


@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (OSError(28, "No space left on device", "out/model.bin"), "out/model.bin could not be written (No space left"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"), "a file could not be"),
        (Exception("Error while serializing: I/O error: File too large (os error 27)"), "a file could not be written"),
        (
            OSError(37, "No locks available", "outputs/locks/a.lock"),
            "outputs/locks/a.lock could not be written (No locks",
        ),
        (OSError(36, "File name too long", "a long text"), "a long text could not be read or written (File name too"),
        (OSError(2, "No such file or directory", "train.txt"), None),
        (RuntimeError("shapes do not match"), None),
    ],
    ids=str,
)
def test_a_failing_folder_is_told_from_other_errors(error: Exception, reported: str | None) -> None:
    failure = folder_failure(error)
    assert failure is None if reported is None else (failure or "").startswith(reported)


def test_a_file_that_this_user_may_not_read_is_no_file_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's answers are replaced, since root may read everything."""
    (tmp_path / "train.txt").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: path == tmp_path)
    for name, done in (("train.txt", "read"), ("new.txt", "written")):
        error = PermissionError(13, "Permission denied", str(tmp_path / name))
        message = folder_failure(error) or ""
        assert message.startswith(f"{tmp_path / name} could not be {done} (Permission denied)")
        assert ("paths.outputs" in message) == (done == "written")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "could not be read" in (folder_failure(error) or ""), "in a folder that may not be entered"
