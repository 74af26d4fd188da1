"""A search whose trials are a formula, and one that is run, killed and continued as a user does it."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from filelock import FileLock, Timeout
from hydra import compose, initialize_config_dir

from charbert.config.schema import Settings
from charbert.errors import SettingsError, TrainingError, TrialPrunedError
from charbert.pipelines.build.composition import Composition
from charbert.pipelines.search import search
from charbert.pipelines.search.search import PruningCallback
from charbert.records import ResultRecord, read_record, read_records
from charbert.runs.run import Run
from tests.new_process import NewProcess

pytestmark = pytest.mark.timeout(900)  # seconds; whole pages, searches and runs
CONF = Path(__file__).parents[3] / "conf"
ROOT = CONF.parent
RATE = "finetuning.optimizer.learning_rate"
Searching = Callable[..., Composition]


def formula(settings: Settings, run: Run, callbacks: Any) -> ResultRecord:
    """Stand for a training: the score falls with the distance of the rate from 1e-3."""
    rate = settings.finetuning.optimizer.learning_rate
    if rate > 0.1:
        raise TrainingError("the loss became nan")
    (callback,) = callbacks
    score = 1 - abs(math.log10(rate / 1e-3)) / 5
    for number in (1, 2, 3):
        callback.report(score, number)
    record = ResultRecord("trial", "search", run.name, run.key, {}, 1)
    record.finish({"dev/ner/f1": score})
    return record


@pytest.fixture
def searching(tmp_path: Path) -> Searching:
    def build(*overrides: str) -> Composition:
        plain = ("recipe=smoke", "model=bert", "tracking=off")
        folders = (f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}")
        given = (*plain, *folders, *overrides)
        with initialize_config_dir(str(CONF), version_base="1.3"):
            choices = compose("search", overrides=list(given), return_hydra_config=True).hydra.runtime.choices
        groups = {name: choice for name, choice in choices.items() if not name.startswith(("hydra/", "search/"))}
        return Composition(str(CONF), "search", given, groups)

    return build


def test_a_search_writes_its_best_settings_and_all_trials(
    searching: Searching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "run_trial", formula)
    space = f"+search.space={{{RATE}:{{low:1e-5,high:1e-1,log:true}},strategy:{{choices:[full,frozen]}}}}"
    composition = searching("search/space=none", space, "search.method=grid")
    record = search.run(composition)
    assert record.metrics == {"dev/ner/f1": pytest.approx(1.0), "trials/complete": 6, "trials/all": 6}
    assert record.kind == "search" and record.details["best"]["values"][RATE] == pytest.approx(1e-3)
    folder = next((tmp_path / "results/search").iterdir())
    best = yaml.safe_load((folder / "best.yaml").read_text())
    assert best["finetuning"]["optimizer"]["learning_rate"] == pytest.approx(1e-3)
    assert {"override /strategy": "full"} in best["defaults"] and best["defaults"][0] == "finetune"
    assert f"--config-dir {folder} --config-name best" in (folder / "best.yaml").read_text()
    assert len((folder / "trials.csv").read_text().splitlines()) == 7
    assert (folder / "search.png").stat().st_size > 10_000
    assert read_record(next((tmp_path / "results/records").glob("search-*/record.json"))).metrics == record.metrics


def test_a_search_in_two_terminals_is_reported_by_one_at_a_time(
    searching: Searching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(path: Path, content: str) -> None:
        with pytest.raises(Timeout):  # else the terminal with fewer trials may write last
            FileLock(next((tmp_path / "outputs/locks").glob("search-*.lock"))).acquire(timeout=0)
        names.append(path.name)

    names: list[str] = []
    monkeypatch.setattr(search, "run_trial", formula)
    monkeypatch.setattr(search, "write_atomically", written)
    search.run(searching("search/space=none", f"+search.space={{{RATE}:{{choices:[0.001]}}}}", "search.method=grid"))
    assert names == ["best.yaml", "trials.md", "trials.csv"]


def test_a_trial_that_fails_does_not_end_the_search_and_all_failing_do(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "run_trial", formula)
    record = search.run(
        searching("search/space=none", f"+search.space={{{RATE}:{{choices:[0.001,0.5]}}}}", "search.method=grid")
    )
    assert [(row["state"], row["error"]) for row in record.details["trials"]] == [
        ("complete", ""),
        ("fail", "the loss became nan"),
    ]
    with pytest.raises(TrainingError, match="no trial of the search finished; the loss became nan"):
        search.run(searching("search/space=none", f"+search.space={{{RATE}:{{choices:[0.5]}}}}", "search.method=grid"))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("{}", "search.space is empty"),
        ("{finetuning.speed:{choices:[1]}}", r"search\.space\[finetuning\.speed\].*speed"),
        ("{strategy:{choices:[full,hope]}}", r"search\.space\[strategy\].*hope"),
        ("{finetuning.batch_size:{low:0,high:8,integer:true}}", r"search\.space.*finetuning\.batch_size must"),
        ("{task.metric:{choices:[f1,recall]}}", "task.metric, which all trials must have in common"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_before_the_first_trial(
    searching: Searching, space: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=message):
        search.run(searching("search/space=none", f"+search.space={space}"))
    assert not (tmp_path / "results").exists()


def test_more_trials_continue_a_search_and_another_space_starts_a_new_one(searching: Searching) -> None:
    def key(*overrides: str) -> str:
        return search.search_run(searching(*overrides).settings()).key

    assert key() == key("search.trials=99", "search.processes=4")
    assert len({key(), key("search/space=devlin"), key("search.method=random"), key("finetuning.epochs=9")}) == 4


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a search that was killed in a trial, and the command that had started it."""
    folder = tmp_path_factory.mktemp("search")
    overrides = ["recipe=smoke", "task=cola", "model=bert", "search.trials=3", "finetuning.max_steps=24"]
    folders = [f"paths.outputs={folder / 'outputs'}", f"paths.results={folder / 'results'}"]
    evaluated = ["finetuning.evaluations=6", "finetuning.optimizer.new_weights_learning_rate=0.01"]
    command = ["experiments/search.py", *overrides, *folders, *evaluated]
    process = NewProcess(command, folder / "log")
    until = time.monotonic() + 300
    while time.monotonic() < until and not list((folder / "outputs/trial").glob("*/checkpoints/*/trainer_state.json")):
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.02)
    process.kill_group()
    return folder, command


@pytest.mark.slow
def test_a_killed_search_continues_and_its_best_settings_give_the_same_dev_score(
    killed: tuple[Path, list[str]],
) -> None:
    folder, command = killed
    assert NewProcess(command, folder / "continued").wait(timeout=900) == 0, (folder / "continued").read_text()[-3000:]
    assert "resuming from" in (folder / "continued").read_text()  # what the killed trial had trained was not lost
    record = read_record(next((folder / "results/records").glob("search-*/record.json")))
    assert record.metrics["trials/all"] == 3
    trials = read_records(folder / "results/records", kind="trial")
    assert all(set(trial.metrics) == {"dev/cola/matthews"} for trial in trials)  # no test set was scored
    assert not list((folder / "outputs/trial").glob("*/model"))
    best = next((folder / "results/search").glob("*/best.yaml"))
    again = [f"paths.results={folder / 'again'}", "tracking=off"]
    rerun = ["experiments/finetune.py", "--config-dir", str(best.parent), "--config-name", "best", *again]
    assert NewProcess(rerun, folder / "rerun").wait(timeout=900) == 0, (folder / "rerun").read_text()[-3000:]
    metrics = json.loads(next((folder / "again/records").glob("cola-*/record.json")).read_text())["metrics"]
    assert metrics["dev/cola/matthews"] == record.metrics["dev/cola/matthews"]
    assert "eval/cola/matthews" in metrics


@pytest.mark.slow
def test_a_search_in_two_processes_runs_exactly_its_trials(
    killed: tuple[Path, list[str]],
) -> None:
    folder, command = killed
    options = ["search.processes=2", "search.method=random", "search.trials=4", "tracking=off"]
    assert NewProcess([*command, *options], folder / "two").wait(timeout=900) == 0, (folder / "two").read_text()[-3000:]
    records = read_records(folder / "results/records", kind="search")
    record = next(record for record in records if record.settings["search"]["method"] == "random")
    assert record.metrics["trials/all"] == 4
    assert all(row["evaluations"] for row in record.details["trials"])  # also of those that the first search had run
    assert all(row["state"] in ("complete", "pruned") for row in record.details["trials"])


def evaluated(callback: PruningCallback, *scores: float) -> None:
    lines: list[dict[str, Any]] = [{"loss": 1.0}, *({"eval_f1": score, "eval_loss": 1.0} for score in scores)]
    callback.on_evaluate(None, SimpleNamespace(log_history=lines), None)  # type: ignore[arg-type]


def test_every_score_is_reported_once_with_its_number_those_from_before_a_kill_too() -> None:
    heard: list[tuple[float, int]] = []
    callback = PruningCallback("eval_f1", lambda score, number: heard.append((score, number)) or False)
    evaluated(callback, 0.1, 0.2)
    evaluated(callback, 0.1, 0.2, 0.3)
    assert heard == [(0.1, 1), (0.2, 2), (0.3, 3)]


def test_a_training_ends_where_it_is_told_to() -> None:
    callback = PruningCallback("eval_f1", lambda score, number: number == 2)
    evaluated(callback, 0.1)
    with pytest.raises(TrialPrunedError, match=r"ended at evaluation 2 with eval_f1=0\.0500"):
        evaluated(callback, 0.1, 0.05)
