"""The fuzz targets, for a bounded time; CONTRIBUTING.md has the command of a long run."""

import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzz_readers.py")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def fuzz() -> dict:
    return runpy.run_path(str(SCRIPT))


def test_each_reader_takes_its_sample(fuzz: dict, tmp_path: Path) -> None:
    for name, (check, sample) in fuzz["TARGETS"].items():
        (tmp_path / name).mkdir()
        path = tmp_path / name / "file"
        path.write_bytes(sample)
        check(path)


def test_mutations_are_refused_in_our_own_words_or_come_back_the_same(fuzz: dict, tmp_path: Path) -> None:
    for index, (name, (_, sample)) in enumerate(fuzz["TARGETS"].items()):
        (tmp_path / name).write_bytes(bytes([index]) + sample)
    assert fuzz["run_mutations"](3, tmp_path, seed=0) > 100


def test_what_breaks_a_reader_is_kept_and_ends_the_run(fuzz: dict, tmp_path: Path) -> None:
    (tmp_path / "sample").write_bytes(b"\0rejects VBZ I-VP O\n")

    def broken(path: Path) -> None:
        raise KeyError(path)

    fuzz["TARGETS"]["conll"] = (broken, b"")
    with pytest.raises(KeyError):
        fuzz["run_mutations"](60, tmp_path, seed=0)
    assert len(list(tmp_path.glob("crash-*"))) == 1


@pytest.mark.slow
def test_inputs_grown_by_coverage_break_no_reader(run_python: Run, tmp_path: Path) -> None:
    """Without atheris these are mutations, as above."""
    done = run_python(str(SCRIPT), "--seconds", "4", "--corpus", str(tmp_path / "corpus"))
    assert "Done" in done.stderr or "tried" in done.stderr
    assert not list((tmp_path / "corpus").glob("crash-*"))
