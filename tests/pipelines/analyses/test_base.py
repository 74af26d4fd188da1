"""What all analyses share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock, Timeout

from charbert.config.schema import Settings
from charbert.errors import RecordError
from charbert.pipelines.analyses import base, catalog
from charbert.runs.run import Run

Composed = Callable[..., Settings]


def test_another_process_waits_for_the_measurement(
    composed: Composed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held: list[str] = []

    def measure(settings: Settings, runs: Mapping[str, Run]) -> None:
        for lock in (tmp_path / "outputs" / "locks").iterdir():
            with pytest.raises(Timeout):
                FileLock(lock).acquire(timeout=0)
            held.append(lock.name)
        assert len(held) == len(runs) == 4

    monkeypatch.setattr(base, "import_module", lambda name: SimpleNamespace(measure=measure))
    assert catalog.EMBEDDING_SOURCES.run(composed("recipe=smoke", "task=ner", "model=charbert")) == []
    assert all(name.startswith("analysis-fig6-embedding-sources-ner-charbert-s1-") for name in held)


def test_nothing_is_measured_where_its_record_cannot_be_written(
    composed: Composed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(base, "import_module", lambda name: pytest.fail("measured"))
    (tmp_path / "results").touch()
    with pytest.raises(RecordError, match=r"could not be written \(Not a directory\)"):
        catalog.EMBEDDING_SOURCES.run(composed("recipe=smoke", "task=ner", "model=charbert"))
