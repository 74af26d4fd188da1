"""Trials on disk: shared, resumed, ended early. What a trial trains is left out."""

import itertools
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from charbert.config.search import Dimension, Pruner, SearchMethod, SearchSettings
from charbert.pipelines.search.search_study import SearchStudy

RATES = Dimension(low=1e-5, high=1e-1, log=True)
CLAIM = """
import sys, time
from pathlib import Path
from charbert.config.search import *
from charbert.pipelines.search.search_study import SearchStudy
space = {"rate": Dimension(low=1e-5, high=1e-1, log=True)}
folder = Path(sys.argv[1])
study = SearchStudy(folder, folder / "locks", SearchSettings(SearchMethod.random, trials=9, space=space))
"""


def opened(folder: Path, **changes: Any) -> SearchStudy:
    plain: dict[str, Any] = {"method": SearchMethod.random, "trials": 4, "space": {"rate": RATES}}
    return SearchStudy(folder, folder / "locks", SearchSettings(**{**plain, **changes}))


def run_all(study: SearchStudy, limit: int = 99) -> list[dict[str, Any]]:
    trials = []
    while len(trials) < limit and (claimed := study.claim()) is not None:
        trials.append(claimed.values)
        study.close(claimed, score=-abs(math.log10(claimed.values["rate"] / 0.01)))
    return trials


def test_a_grid_runs_every_combination_once_whoever_asks(tmp_path: Path) -> None:
    space = {"size": Dimension(choices=[16, 32]), "rate": RATES}
    first, second = (opened(tmp_path, method=SearchMethod.grid, space=space) for _ in range(2))
    trials = [*run_all(first, 2), *run_all(second, 3), *run_all(first)]
    wanted = itertools.product([16, 32], RATES.grid())
    assert [(values["size"], values["rate"]) for values in trials] == list(wanted)


def test_a_search_that_is_opened_again_continues_with_the_same_trials(tmp_path: Path) -> None:
    for method in (SearchMethod.random, SearchMethod.bayesian):
        whole = run_all(opened(tmp_path / f"{method.name} whole", method=method, trials=8))
        parts = [run_all(opened(tmp_path / f"{method.name} parts", method=method, trials=8), 3) for _ in range(3)]
        assert list(itertools.chain(*parts)) == whole
        assert len({values["rate"] for values in whole}) == 8


def test_another_seed_gives_other_trials_and_more_trials_continue(tmp_path: Path) -> None:
    trials = run_all(opened(tmp_path / "one"))
    assert run_all(opened(tmp_path / "other", seed=1)) != trials
    assert run_all(opened(tmp_path / "one")) == []
    assert len(run_all(opened(tmp_path / "one", trials=6))) == 2


def test_bayesian_search_improves_on_its_random_startup(tmp_path: Path) -> None:
    study = opened(tmp_path, method=SearchMethod.bayesian, trials=30)
    run_all(study)
    scores = [trial.value for trial in study.trials]
    assert max(scores[5:]) > max(scores[:5])
    assert sum(scores[-10:]) > sum(scores[:10])


def test_a_trial_of_a_killed_process_is_run_again_and_that_of_a_running_one_is_not(tmp_path: Path) -> None:
    code = CLAIM + "claimed = study.claim(); print(claimed.values['rate'], flush=True); time.sleep(60)"
    holders = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        rates = [float(holder.stdout.readline()) for holder in holders if holder.stdout]
        holders[0].send_signal(signal.SIGKILL)
        holders[0].wait()
        study = opened(tmp_path, trials=9)
        finished_rates = [values["rate"] for values in run_all(study)]
        assert finished_rates[0] == rates[0]
        assert rates[1] not in finished_rates
        assert len(finished_rates) == 8  # the ninth is with the living one
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


def test_an_incomplete_last_line_is_removed(tmp_path: Path) -> None:
    before = run_all(opened(tmp_path), 2)
    file = tmp_path / "study.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"op_code": 5, "worker_id"')
    after = run_all(opened(tmp_path))
    assert len(before) == len(after) == 2
    assert file.read_bytes().startswith(whole)


def test_two_processes_share_the_trials_exactly(tmp_path: Path) -> None:
    code = CLAIM + (
        "count = 0\nwhile (claimed := study.claim()) is not None:\n"
        "    study.close(claimed, score=1.0); count += 1\nprint(count)"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert sum(int(worker.communicate(timeout=120)[0]) for worker in workers) == 9
    assert len(opened(tmp_path, trials=9).trials) == 9


def curve(study: SearchStudy, scores: list[float]) -> int:
    """Return after how many evaluations a trial with these scores was ended, or their number."""
    claimed = study.claim()
    assert claimed is not None
    for number, score in enumerate(scores, start=1):
        if claimed.report(score, number):
            study.close(claimed, pruned=True)
            return number
    study.close(claimed, score=max(scores))
    return len(scores)


@pytest.mark.parametrize(
    ("changes", "evaluations"),
    [({}, 2), ({"warmup_evaluations": 0}, 1), ({"pruner": Pruner.none}, 3), ({"startup_trials": 3}, 3)],
    ids=["after the first evaluation", "at once", "never", "not while trials are too few"],
)
def test_a_bad_trial_is_pruned(tmp_path: Path, changes: dict[str, Any], evaluations: int) -> None:
    study = opened(tmp_path, **{"startup_trials": 2, **changes})
    assert [curve(study, [0.5, 0.6, 0.7]) for _ in range(2)] == [3, 3]
    assert curve(study, [0.1, 0.1, 0.1]) == evaluations
    assert curve(study, [0.6, 0.7, 0.8]) == 3


def test_a_trial_that_failed_counts_and_says_why(tmp_path: Path) -> None:
    study = opened(tmp_path, trials=2)
    for _ in range(2):
        claimed = study.claim()
        assert claimed is not None
        study.close(claimed, error="the loss became nan")
    assert study.claim() is None
    assert [trial.user_attrs["error"] for trial in study.trials] == ["the loss became nan"] * 2


def test_the_setting_that_changes_scores_is_the_most_important(
    tmp_path: Path,
) -> None:
    space = {"rate": RATES, "size": Dimension(choices=[16, 32])}
    study = opened(tmp_path, trials=20, space=space)
    assert study.importances() == {}
    run_all(study)
    importances = study.importances()
    assert importances["rate"] > 0.5 and sum(importances.values()) == pytest.approx(1)
