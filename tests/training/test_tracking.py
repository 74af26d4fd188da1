import json
import os
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import wandb
from PIL import Image

from charbert.errors import SettingsError
from charbert.training import tracking
from charbert.training.tracking import TrackedRun, tracking_run
from charbert.training.tracking_callback import TrackingCallback, path_key


def tracked(folder: Path, **changes: object):
    plain = {
        "mode": "offline",
        "folder": folder,
        "project": "charbert",
        "group": "table2",
        "job_type": "finetune",
    }
    return tracking_run(**{**plain, "name": "ner-charbert-s1", **changes})


@contextmanager
def home_in(folder: Path, monkeypatch):
    """An account that never logged in, and whose home folder must stay empty."""
    for name in (
        "WANDB_API_KEY",
        "WANDB_IDENTITY_TOKEN_FILE",
        "NETRC",
        "WANDB_DATA_DIR",
        "WANDB_CACHE_DIR",
        "WANDB_MODE",
    ):
        monkeypatch.delenv(f"WANDB_{name}", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(folder))
    folder.mkdir()
    yield
    assert list(folder.rglob("*")) == []


def wandb_records(run_dir: Path) -> list[dict]:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run_dir)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def picture_at(path: Path) -> Path:
    Image.new("RGB", (4, 4)).save(path)
    return path


@pytest.mark.parametrize("given", [{}, {"WANDB_MODE": "offline"}, {"WANDB_API_KEY": "short"}])
def test_online_tracking_without_a_login_is_refused_and_nothing_is_asked(given, tmp_path, monkeypatch) -> None:
    with home_in(tmp_path / "home", monkeypatch):
        for name, value in {"WANDB_BASE_URL": "http://127.0.0.1:9", **given}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asks"))
        wandb.teardown()  # a session of earlier tests may be logged in
        with (
            pytest.raises(SettingsError, match=r"tracking=online needs a login to W&B: .+; run `wandb login` or "),
            tracked(tmp_path / "tracked", mode="online"),
        ):
            pytest.fail("the run begins")


def test_an_offline_run_holds_what_was_logged(tmp_path, monkeypatch) -> None:
    config = {"model": {"name": "CharBERT"}, "data": "/srv/corpora/conll2003/eng.train"}
    with home_in(tmp_path / "home", monkeypatch), warnings.catch_warnings():
        warnings.filterwarnings("error", message="W&B failed")
        with tracked(tmp_path / "tracked", config=config) as run:
            run.log({"train/loss": 1.5}, step=10)
            run.log({"eval/ner/f1": 0.25}, step=5)
            run.table("scores", ["type", "f1"], [["PER", 0.5], ["LOC", "none"]])
            run.image("chart", picture_at(tmp_path / "a picture.png"))
            run.summary({"eval/ner/f1": 0.75})
        assert run.path == f"charbert/{run.id}" and not run.is_on
    records = wandb_records(run.dir)
    history = [record["history"]["item"] for record in records if record["type"] == "history"]
    assert (history[0]["train/loss"], history[0]["step"]) == (1.5, 10)
    assert (history[1]["eval/ner/f1"], history[1]["step"]) == (0.25, 5)
    assert (history[2]["scores._type"], history[2]["scores.nrows"]) == ("table-file", 2)
    assert history[3]["chart._type"] == "image-file"
    started = next(record["run"] for record in records if record["type"] == "run")
    about = {
        "run_group": "table2",
        "job_type": "finetune",
        "display_name": "ner-charbert-s1",
    }
    assert about.items() <= started.items()
    assert {"model": {"name": "CharBERT"}, "data": "conll2003/eng.train"}.items() <= started["config"]["update"].items()
    artifacts = [record["artifact"] for record in records if record["type"] == "artifact"]
    assert [(a["name"], a["type"]) for a in artifacts] == [(f"run-{run.id}-scores", "run_table")]
    table = json.loads(next(run.dir.glob("files/media/table/*.table.json")).read_text())
    assert (table["columns"], table["data"]) == (["type", "f1"], [["PER", 0.5], ["LOC", "none"]])
    summary = {key: value for r in records if r["type"] == "summary" for key, value in r["summary"]["update"].items()}
    assert summary["eval/ner/f1"] == 0.75
    assert records[-1]["exit"]["exit_code"] == 0


def test_links_lead_to_the_server_that_wandb_is_set_to(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    wandb.teardown()  # earlier tests may have read the settings of another server
    with tracked(tmp_path / "tracked") as run:
        assert run.server == "https://wandb.example.org"
    assert run.server == "" == TrackedRun().server


def test_an_exception_closes_the_run_as_failed_and_passes(tmp_path, monkeypatch) -> None:
    with (
        home_in(tmp_path / "home", monkeypatch),
        pytest.raises(KeyboardInterrupt),
        tracked(tmp_path) as run,
    ):
        raise KeyboardInterrupt
    assert wandb_records(run.dir)[-1]["exit"]["exit_code"] == 1


def test_jobs_of_a_sweep_get_a_run_each(tmp_path, monkeypatch) -> None:
    with home_in(tmp_path / "home", monkeypatch):
        for job in range(2):
            with tracked(tmp_path, name=f"job-{job}") as run:
                run.log({"train/loss": float(job)}, step=job)
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    names = [
        next(r["run"]["display_name"] for r in wandb_records(run_folder) if r["type"] == "run") for run_folder in runs
    ]
    assert sorted(names) == ["job-0", "job-1"]


def test_off_never_imports_wandb(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tracking, "_wandb", pytest.fail)
    with tracked(tmp_path / "tracked", mode="off") as run:
        run.log({"train/loss": 1.0}, step=1)
        run.summary({"a": 1.0})
        run.table("t", ["a"], [[1]])
        run.image("i", "absent.png")
    assert (run.is_on, run.id, run.path, run.dir) == (False, None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_only_the_first_process_tracks(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tracking, "_wandb", pytest.fail)
    monkeypatch.setenv("RANK", "1")
    with tracked(tmp_path) as run:
        assert not run.is_on


def test_a_folder_that_cannot_be_written_turns_tracking_off(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="tracking off: FileExistsError"), tracked(tmp_path / "file") as run:
        run.log({"train/loss": 1.0}, step=1)
    assert not run.is_on


def test_a_config_that_cannot_be_written_turns_tracking_off(tmp_path) -> None:
    with (
        pytest.warns(UserWarning, match=r"settings\.model: expected"),
        tracked(tmp_path, config={"model": object()}) as run,
    ):
        run.log({"train/loss": 1.0}, step=1)
    assert (run.is_on, run.id) == (False, None)
    assert not list(tmp_path.rglob("*.wandb"))


class CrashedService:
    """A W&B run whose service is gone."""

    id, path, url, dir = "x", "charbert/x", None, "wandb/x/files"

    def __getattr__(self, name: str) -> object:
        raise ConnectionResetError(name)


def test_a_crash_of_the_service_gives_one_warning_and_the_run_goes_on() -> None:
    run = TrackedRun(CrashedService())
    with pytest.warns(UserWarning) as caught:
        run.log({"train/loss": 1.0}, step=1)
        run.log({"train/loss": 1.0}, step=2)
        run.close(exit_code=0)
    assert [str(w.message) for w in caught] == [
        "W&B failed, the run goes on with tracking off: ConnectionResetError('log')"
    ]


def test_a_crash_of_the_service_hides_no_exception(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tracking, "_start", lambda *_: TrackedRun(CrashedService()))
    with pytest.warns(UserWarning, match="finish"), pytest.raises(ZeroDivisionError), tracked(tmp_path):
        _ = 1 / 0


def test_the_environment_is_as_before_after_a_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tracking, "_start", lambda *_: TrackedRun())
    monkeypatch.setenv("WANDB_CACHE_DIR", "mine")
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    with tracked(tmp_path):
        assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "wandb")
        assert os.environ["WANDB_CACHE_DIR"] == "mine"
    assert "WANDB_DATA_DIR" not in os.environ and os.environ["WANDB_CACHE_DIR"] == "mine"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("loss", "train/loss"),
        ("nlm_loss", "train/nlm_loss"),
        ("train/nlm_loss", "train/nlm_loss"),
        ("eval_ner/f1", "eval/ner/f1"),
        ("eval_loss", "eval/loss"),
        ("train_runtime", "train/runtime"),
        ("train_loss", "train/mean_loss"),
        ("attack/ner/charbert/f1", "attack/ner/charbert/f1"),
    ],
)
def test_names_of_the_trainer_become_paths(name: str, path: str) -> None:
    assert path_key(name) == path


class Heard(TrackedRun):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list = []

    def log(self, metrics, step=None) -> None:
        self.heard.append((metrics, step))

    def summary(self, values) -> None:
        self.heard.append((values, "summary"))


def test_the_callback_forwards_the_log_of_the_main_process_only() -> None:
    run = Heard()
    state, worker = (SimpleNamespace(is_world_process_zero=main, global_step=7) for main in (True, False))
    callback = TrackingCallback(run)
    callback.on_log(None, state, None, logs={"loss": 0.5, "epoch": 1.0, "note": "text"})
    callback.on_log(None, state, None, logs={"train_runtime": 3.0, "train_loss": 0.75})
    callback.on_log(None, worker, None, logs={"loss": 0.5})
    callback.on_log(None, state, None, logs=None)
    assert run.heard == [
        ({"train/loss": 0.5, "train/epoch": 1.0}, 7),
        ({"train/runtime": 3.0, "train/mean_loss": 0.75}, "summary"),
    ]


def test_a_log_line_with_its_running_time_is_still_a_point_of_the_curve() -> None:
    """The Trainer adds running times to every line when it counts tokens."""
    run = Heard()
    state = SimpleNamespace(is_world_process_zero=True, global_step=2)
    TrackingCallback(run).on_log(None, state, None, logs={"loss": 0.5, "train_runtime": 1.0})
    assert run.heard == [({"train/loss": 0.5, "train/runtime": 1.0}, 2)]


def test_an_offline_run_that_starts_again_replaces_its_earlier_pieces(tmp_path, monkeypatch) -> None:
    with home_in(tmp_path / "home", monkeypatch):
        for start in range(2):
            with tracked(tmp_path, run_id="ner-abc", resumes=start == 1) as run:
                run.log({"train/loss": float(start)}, step=5)
            assert run.id == "ner-abc"
            time.sleep(1)  # the second is in the name of a piece
    (piece,) = (tmp_path / "wandb").glob("offline-run-*")
    assert len(list((tmp_path / "wandb/replaced").iterdir())) == 1
    started = next(record["run"] for record in wandb_records(piece) if record["type"] == "run")
    assert started["run_id"] == "ner-abc" and not started.get("resume")


class Recording:
    id, path, dir, resumed = "x", "charbert/x", "wandb/x/files", True

    def __init__(self) -> None:
        self.points: list[dict[str, float]] = []

    def log(self, point: dict[str, float]) -> None:
        self.points.append(point)

    def finish(self, exit_code: int) -> None:
        pass


def test_what_is_logged_at_one_step_is_one_point_and_none_is_sent_again() -> None:
    handle = Recording()
    run = TrackedRun(handle, last_step=10)
    run.log({"train/loss": 1.0}, step=10)
    run.log({"train/loss": 0.5}, step=20)
    run.log({"eval/f1": 0.25}, step=20)
    assert handle.points == []
    run.log({"train/loss": 0.25}, step=30)
    run.close(exit_code=1)
    assert handle.points == [{"train/loss": 0.5, "eval/f1": 0.25, "step": 20}, {"train/loss": 0.25, "step": 30}]


def test_a_training_that_continues_sends_the_points_of_its_checkpoint() -> None:
    run = Heard()
    lines = [{"loss": 0.5, "epoch": 1.0, "step": 5}, {"eval_f1": 0.25, "step": 5}]
    state = SimpleNamespace(is_world_process_zero=True, log_history=lines)
    TrackingCallback(run).on_train_begin(None, state, None)
    assert run.heard == [({"train/loss": 0.5, "train/epoch": 1.0}, 5), ({"eval/f1": 0.25}, 5)]
