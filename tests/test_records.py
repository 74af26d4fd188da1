import errno
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from charbert import files, provenance
from charbert.errors import DataError, RecordError, SettingsError
from charbert.files import shorten_path, write_atomically
from charbert.provenance import file_checksum, git_state, package_versions
from charbert.records import (
    ResultRecord,
    read_record,
    read_records,
    settings_key,
    start_record,
    write_record,
)
from charbert.serialization import read_json

NAMES = st.text(st.characters(codec="ascii", exclude_characters="./"), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES
NESTED = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)), max_size=5
)


class Edit(Enum):
    drop = "drop"
    add = 2


def record(**changes: object) -> ResultRecord:
    plain = ResultRecord(
        kind="finetune",
        experiment="table2_robustness",
        name="ner-charbert-s1",
        key="0123456789ab",
        settings={"model": {"name": "CharBERT"}, "task": {"name": "ner"}},
        seed=1,
        metrics={"eval/ner/f1": 0.91},
    )
    return replace(plain, **changes)


def reversed_deep(value: object) -> object:
    if isinstance(value, dict):
        return {key: reversed_deep(child) for key, child in reversed(value.items())}
    return [reversed_deep(child) for child in value] if isinstance(value, list) else value


@examples(max_examples=40, deadline=None)
@given(NESTED)
def test_the_key_ignores_the_order_of_settings(settings: dict) -> None:
    key = settings_key(settings)
    assert re.fullmatch("[0-9a-f]{12}", key)
    assert settings_key(reversed_deep(settings)) == key


def test_the_key_never_moves_between_versions() -> None:
    settings = {
        "lr": 5e-05,
        "edits": [Edit.drop, Edit.add],
        "root": Path("data/ner"),
        "seeds": (1, 2),
        "x": None,
    }
    assert settings_key(settings) == "37b037b80a77"
    plain = {
        "lr": 0.00005,
        "edits": ["drop", "add"],
        "root": "data/ner",
        "seeds": np.array([1, 2]),
        "x": None,
    }
    assert settings_key(plain) == settings_key(settings)


def test_close_settings_have_different_keys() -> None:
    variants = [{"a": 1}, {"a": 1.0}, {"a": "1"}, {"a": True}, {"a": 0.1 + 0.2}, {"a": 0.3}, {"b": 1}, {}]
    assert len({settings_key(variant) for variant in variants}) == len(variants)


def test_a_setting_that_json_cannot_hold_is_named() -> None:
    with pytest.raises(RecordError, match=r"settings\.model\.hook\[1\]: expected .* got object"):
        settings_key({"model": {"hook": [1, object()]}})
    with pytest.raises(RecordError, match="two keys are the same"):
        settings_key({"a": {1: "x", "1": "y"}})


@examples(max_examples=40, deadline=None)
@given(settings=NESTED, details=NESTED, metrics=st.dictionaries(NAMES, st.floats(allow_nan=False)))
def test_a_record_survives_the_disk(tmp_path_factory, settings: dict, details: dict, metrics: dict) -> None:
    path = tmp_path_factory.mktemp("records") / "record.json"
    written = record(settings=settings, details=details, metrics=metrics)
    write_record(path, written)
    assert read_record(path) == written


def test_scores_that_are_not_finite_stay_valid_json(tmp_path) -> None:
    write_record(tmp_path / "record.json", record(metrics={"a": math.nan, "b": -math.inf, "c": np.float32(0.5)}))
    json.loads((tmp_path / "record.json").read_text(), parse_constant=pytest.fail)
    metrics = read_record(tmp_path / "record.json").metrics
    assert math.isnan(metrics["a"]) and metrics["b"] == -math.inf and metrics["c"] == 0.5


def test_no_absolute_path_reaches_the_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {
        "data": tmp_path / "data" / "x.txt",
        "other": "/srv/corpora/conll2003/eng.train",
        "slash": "/",
    }
    checksums = {"/a/ner/test.txt": "1", "/b/ner/test.txt": "2"}
    write_record("record.json", record(settings=settings, data_checksums=checksums))
    back = read_record("record.json")
    assert back.settings == {"data": "data/x.txt", "other": "conll2003/eng.train", "slash": "/"}
    assert back.data_checksums == {"ner/test.txt": "1", "ner/test.txt'": "2"}
    assert str(tmp_path) not in Path("record.json").read_text()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_previous_record_whole(tmp_path, monkeypatch, call: str) -> None:
    path = tmp_path / "record.json"
    write_record(path, record(seed=1))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, call, full)
    with pytest.raises(RecordError, match=r"record\.json: could not be written \(No space left.*Free space"):
        write_record(path, record(seed=2))
    monkeypatch.undo()
    assert read_record(path).seed == 1
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_while_writing_leaves_no_draft(tmp_path, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "table.md", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_json_cannot_hold_touches_nothing_on_disk(tmp_path) -> None:
    with pytest.raises(RecordError, match=r"details\.model"):
        write_record(tmp_path / "record.json", record(details={"model": object()}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"kind": "fine', r"broken\.json:1: expected a result record in JSON.*run again"),
        ("[]", "without schema_version"),
        ('{"schema_version": 99}', "expected schema_version 1, got 99; read it with the version"),
        ('{"schema_version": 1, "surprise": 0}', r"missing \['experiment'.*unknown \['surprise'\]"),
    ],
)
def test_a_damaged_record_says_where_and_what(tmp_path, content: str, message: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(RecordError, match=message):
        read_record(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content | {"surprise": 0}, r"missing \[\], unknown \['surprise'\]; run again"),
        (lambda content: {n: v for n, v in content.items() if n != "seed"}, r"missing \['seed'\], unknown \[\]"),
    ],
)
def test_a_field_too_many_or_too_few_is_refused(tmp_path, change, message: str) -> None:
    path = tmp_path / "record.json"
    write_record(path, record())
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(RecordError, match=message):
        read_record(path)


def test_damaged_metrics_are_refused(tmp_path) -> None:
    write_record(tmp_path / "record.json", record())
    text = (tmp_path / "record.json").read_text().replace("0.91", '"many"')
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(RecordError, match="expected numbers in metrics"):
        read_record(tmp_path / "record.json")


def test_records_are_found_at_any_depth_and_damaged_ones_reported(tmp_path) -> None:
    write_record(tmp_path / "b" / "1" / "record.json", record(seed=1))
    write_record(tmp_path / "b" / "2" / "record.json", record(seed=2))
    write_record(tmp_path / "a.json", record(seed=3, kind="pretrain"))
    (tmp_path / "c.json").write_text("{")
    with pytest.warns(UserWarning, match=r"1 records left out:\n.*c\.json:1"):
        records = read_records(tmp_path)
    assert [item.seed for item in records] == [3, 1, 2]


@pytest.mark.parametrize(
    "content", [b"", b'{"a": ', b"\xff", b"[" * 100_000, None], ids=["empty", "half", "other bytes", "deep", "missing"]
)
def test_a_damaged_or_missing_file_of_a_run_is_named_with_what_to_do(content: bytes | None, tmp_path) -> None:
    path = tmp_path / "data.json"
    if content is not None:
        path.write_bytes(content + b"\n")
    with pytest.raises(RecordError, match=r"data\.json: expected checksums in JSON, got .*; delete it and run again"):
        read_json(path, "checksums", "delete it and run again")


def test_lines_of_json_end_at_line_feeds_alone(tmp_path) -> None:
    (tmp_path / "lines").write_text('["a\u2028b"]\n{"c": "\x85"}\n', encoding="utf-8")
    assert read_json(tmp_path / "lines", "lines", "", lines=True) == [["a\u2028b"], {"c": "\x85"}]


def test_folders_that_may_not_be_read_are_told_and_records_in_folders_that_are_links_count(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's answers are replaced, since root may read everything."""
    for seed, name in enumerate(("records/open", "records/closed", "elsewhere/run"), start=1):
        write_record(tmp_path / name / "record.json", record(seed=seed))
    folder = tmp_path / "records"
    (folder / "link").symlink_to(tmp_path / "elsewhere" / "run")
    (folder / "open" / "back").symlink_to(folder)
    listed = os.scandir

    def answer(path: str) -> object:
        if str(path) == str(folder / "closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", answer)
    with pytest.warns(UserWarning, match=r"1 records left out:\n.*/closed: .*got Permission denied"):
        assert [item.seed for item in read_records(folder)] == [3, 1]
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RecordError, match="one that this user may not read"):
        read_records(folder)


def test_records_are_chosen_by_field_and_by_setting(tmp_path) -> None:
    for seed, task in enumerate(["ner", "qnli", "ner"]):
        write_record(tmp_path / f"{seed}.json", record(seed=seed, settings={"task": {"name": task}}))
    assert [item.seed for item in read_records(tmp_path, **{"settings.task.name": "ner"})] == [0, 2]
    assert [item.seed for item in read_records(tmp_path, kind="finetune", seed=[1, 2])] == [1, 2]
    assert read_records(tmp_path, **{"settings.task.name.deeper": "ner"}) == []
    with pytest.raises(SettingsError, match=r"got \['sead'\]"):
        read_records(tmp_path, sead=1)
    with pytest.raises(RecordError, match="run an experiment first"):
        read_records(tmp_path / "absent")


def test_a_started_record_knows_its_code_packages_and_machine() -> None:
    begun = start_record("finetune", "table2", "x", settings={"a": 1}, seed=3)
    assert begun.key == settings_key({"a": 1})
    assert begun.versions["python"] and begun.versions["torch"]
    assert begun.hardware["cores"] >= 1 and begun.hardware["accelerator"] is None
    begun.finish({"eval/ner/f1": 0.5})
    assert begun.wall_seconds >= 0 and begun.finished >= begun.started and begun.metrics == {"eval/ner/f1": 0.5}


def test_git_state_belongs_to_the_checkout_that_tracks_the_file(tmp_path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init")
    tracked, stranger = tmp_path / "code.py", tmp_path / "installed.py"
    tracked.write_text("one")
    stranger.write_text("two")
    assert git_state(tracked) == (None, None)
    git("add", "code.py")
    git("commit", "-m", "first")
    commit, dirty = git_state(tracked)
    assert re.fullmatch("[0-9a-f]{40}", commit or "") and dirty is False
    tracked.write_text("changed")
    assert git_state(tracked) == (commit, True)
    assert git_state(stranger) == (None, None)


def test_versions_leave_out_what_is_not_installed() -> None:
    assert package_versions(["surely-not-installed"]) == {"python": sys.version.split()[0]}


def test_a_checksum_is_read_once_until_the_file_changes(tmp_path, monkeypatch) -> None:
    path = tmp_path / "data.txt"
    path.write_text("one")
    first = file_checksum(path)
    assert first == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    with monkeypatch.context() as patched:
        patched.setattr(provenance.hashlib, "file_digest", pytest.fail)
        assert file_checksum(path) == first
    path.write_text("three")
    assert file_checksum(path) != first
    with pytest.raises(DataError, match=r"absent\.txt: expected a readable file"):
        file_checksum(tmp_path / "absent.txt")


def test_paths_are_shortened_to_what_is_not_about_the_machine(tmp_path) -> None:
    assert shorten_path("data/x.txt") == "data/x.txt"
    assert shorten_path(tmp_path / "a" / "b", root=tmp_path) == "a/b"
    assert shorten_path("/home/someone/ner/test.txt", root=tmp_path) == "ner/test.txt"
    assert shorten_path("/test.txt", root=tmp_path) == "test.txt"


def test_records_need_no_torch() -> None:
    code = "import sys, charbert.records; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_clock_that_is_set_back_gives_no_negative_time(monkeypatch) -> None:
    class SetBack(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromisoformat("2001-01-01T00:00:00+00:00")

    record = start_record("finetune", "table2", "ner", settings={}, seed=1)
    monkeypatch.setattr("charbert.records.datetime", SetBack)
    record.finish({})
    assert 0 <= record.wall_seconds < 60
    assert datetime.fromisoformat(record.finished) >= datetime.fromisoformat(record.started)
