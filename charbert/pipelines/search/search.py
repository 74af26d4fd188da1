"""A search for the settings with the best dev score: parallel trials, resumed after a kill, the best as a file."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shlex
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback, TrainerState

from charbert.config.identity import identity_values
from charbert.config.schema import Settings
from charbert.errors import SettingsError, TrainingError, TrialPrunedError
from charbert.files import write_atomically
from charbert.pipelines.build.composition import Composition
from charbert.pipelines.search.search_study import ClaimedTrial, SearchStudy
from charbert.pipelines.train.finetune import run_trial
from charbert.processes import end_with_parent
from charbert.records import ResultRecord
from charbert.reporting.tables.search import draw_search, render_trials, trials_csv, trials_table
from charbert.runs.keys import finetuning_identity
from charbert.runs.recorder import recorded_run
from charbert.runs.run import Run
from charbert.training.stopping import Stopped, hear_stop

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

log = logging.getLogger(__name__)

_FOREIGN = ("task", "data", "newswire", "paths", "recipe", "experiment", "search", "tracking", "attack", "calibration")
"""Settings that must be equal in all trials, or that training does not read."""


def run(composition: Composition) -> ResultRecord:
    """Return the record of the search, after the trials that are missing.

    The search's folder holds ``study.jsonl``, the best settings as ``best.yaml``, a table of all trials and a
    picture of them.

    Raises:
        SettingsError: if the space names an unknown setting, or a value is not allowed.
        TrainingError: if no trial finished.
    """
    settings = composition.settings()
    check_space(composition, settings)
    run = search_run(settings)
    study = SearchStudy(study_folder(settings, run), run.folder, settings.search)
    log.info("%d trials in %s", study.budget, study_folder(settings, run))
    _run_trials(composition, settings, study)
    with run.locked():  # of several terminals the last one reports all trials
        return _report(composition, settings, run, study)


def search_run(settings: Settings) -> Run:
    """Return the run of a search: more trials continue it, another space or method is another search."""
    space, method = identity_values(settings.search)["space"], settings.search.method
    kept = {"space": space, "method": method, "seed": settings.search.seed, "pruner": settings.search.pruner}
    parts = ["search", settings.task.name, settings.model.name, f"s{settings.seed}"]
    return Run(settings, "search", parts, {"search": kept, "finetuning": finetuning_identity(settings)})


def trial_run(settings: Settings) -> Run:
    """Return the run of one trial; trials with the same settings share it."""
    parts = ["trial", settings.task.name, settings.model.name, f"s{settings.seed}"]
    return Run(settings, "trial", parts, finetuning_identity(settings))


def study_folder(settings: Settings, run: Run) -> Path:
    """Return the folder of a search's results."""
    return Path(settings.paths.results) / "search" / run.folder.name


def check_space(composition: Composition, settings: Settings) -> None:
    """Compose the first and the last value of each setting, so that a wrong one fails before the first trial.

    Raises:
        SettingsError: naming the setting.
    """
    if not settings.search.space:
        raise SettingsError("search.space is empty; choose search/space=finetuning or name settings and their values")
    for name, dimension in settings.search.space.items():
        if name.split(".")[0] in _FOREIGN:
            raise SettingsError(f"search.space has {name}, which all trials must have in common; leave it out")
        grid = dimension.grid()
        for value in grid if dimension.choices else (grid[0], grid[-1]):
            try:
                composition.settings({name: value})
            except SettingsError as error:
                raise SettingsError(f"search.space[{name}]: {error}") from error


def _run_trials(composition: Composition, settings: Settings, study: SearchStudy) -> None:
    count = min(settings.search.processes, study.budget)
    if count == 1:
        _work(composition)
        return
    ways = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=ways, initializer=_begin_worker, initargs=(count,)) as pool:
        for worker in [pool.submit(_work, composition) for _ in range(count)]:
            try:
                worker.result()
            except Stopped:
                for process in multiprocessing.active_children():
                    process.terminate()  # each writes the checkpoint of its trial
                raise
            except BrokenProcessPool as error:
                raise TrainingError(
                    "the operating system ended a process of the search, usually because memory ran out; finished "
                    f"trials are kept. Lower search.processes={count}, then run the same command again"
                ) from error


def _begin_worker(count: int) -> None:
    """Take a share of the cores, show the log, hear SIGTERM, and end when the search's main process ends."""
    hear_stop()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no stack trace: the main process reports it
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s][%(process)d][%(name)s] %(message)s")
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // count))
    end_with_parent()


def _work(composition: Composition) -> None:
    settings = composition.settings()
    run = search_run(settings)
    study = SearchStudy(study_folder(settings, run), run.folder, settings.search)
    while (claimed := study.claim()) is not None:
        _run_one(composition, study, claimed, run)


def _in_group(settings: Settings, search: Run) -> Settings:
    """Return the settings with the search and its trials as one group of W&B, unless the user named another."""
    return replace(settings, tracking=replace(settings.tracking, group=settings.tracking.group or search.folder_name))


def _run_one(composition: Composition, study: SearchStudy, claimed: ClaimedTrial, search: Run) -> None:
    number = claimed.trial.number
    settings = _in_group(composition.settings(claimed.values), search)
    run = trial_run(settings)
    claimed.trial.set_user_attr("key", run.key)
    log.info("trial %d: %s", number, ", ".join(f"{name}={value}" for name, value in claimed.values.items()))
    try:
        record = run_trial(settings, run, [PruningCallback(f"eval_{settings.task.metric}", claimed.report)])
    except TrialPrunedError as error:
        log.info("trial %d %s", number, error)
        study.close(claimed, pruned=True)
    except TrainingError as error:
        log.warning("trial %d failed: %s", number, error)
        study.close(claimed, error=str(error))
    else:
        if not claimed.evaluations:  # another search ran this trial before
            lines = [line for line in record.details["history"] if f"eval_{settings.task.metric}" in line]
            for evaluation, line in enumerate(lines, start=1):
                claimed.report(line[f"eval_{settings.task.metric}"], evaluation)
        score = record.metrics[f"dev/{settings.task.name}/{settings.task.metric}"]
        log.info("trial %d: dev %s %.4f", number, settings.task.metric, score)
        study.close(claimed, score=score)


def _report(composition: Composition, settings: Settings, run: Run, study: SearchStudy) -> ResultRecord:
    rows = [row for trial in study.trials if (row := _row(trial)) is not None]
    finished = [row for row in rows if row["score"] is not None]
    if not finished:
        errors = {row["error"] for row in rows if row["error"]}
        raise TrainingError(f"no trial of the search finished; {'; '.join(sorted(errors)) or 'all were pruned'}")
    best = max(finished, key=lambda row: row["score"])
    folder = study_folder(settings, run)
    metric = f"dev/{settings.task.name}/{settings.task.metric}"
    options = ["--config-dir", str(folder), "--config-name", "best", *composition.removals]
    command = f"python experiments/finetune.py {shlex.join(options)}"
    summary = f"The best of {len(rows)} trials: {metric} {best['score']:.4f} (trial {best['trial']}). Run it with"
    write_atomically(folder / "best.yaml", composition.file("finetune", best["values"], [summary, command]))
    with recorded_run(_in_group(settings, run), run) as (record, tracked):
        record.details |= {"trials": rows, "best": best, "importances": study.importances(), "metric": metric}
        scales = {name: parameter.scale for name, parameter in settings.search.space.items()}
        title = f"{settings.search.method.name} search, {settings.model.name} on {settings.task.name}"
        write_atomically(folder / "trials.md", render_trials(rows, metric, title))
        write_atomically(folder / "trials.csv", trials_csv(rows))
        picture = draw_search(rows, record.details["importances"], folder, metric=metric, title=title, scales=scales)[0]
        tracked.table("trials", *trials_table(rows))
        tracked.image("search", picture)
        record.finish({metric: best["score"], "trials/complete": len(finished), "trials/all": len(rows)})
        record.wall_seconds = sum(row["seconds"] for row in rows)
    log.info("%s\n%s", summary, command)
    return record


def _row(trial: FrozenTrial) -> dict[str, Any] | None:
    """Return a trial for the record; None if it was killed or is not finished."""
    failed = trial.state.name == "FAIL"
    if not trial.state.is_finished() or (failed and "error" not in trial.user_attrs):
        return None
    return {
        "trial": trial.number,
        "state": trial.state.name.lower(),
        "score": trial.value if trial.state.name == "COMPLETE" else None,
        "values": dict(trial.params),
        "evaluations": [trial.intermediate_values[step] for step in sorted(trial.intermediate_values)],
        "seconds": max(0.0, trial.duration.total_seconds()) if trial.duration else 0.0,
        "error": trial.user_attrs.get("error", ""),
        "key": trial.user_attrs.get("key"),
    }


class PruningCallback(TrainerCallback):
    """Reports every dev score and stops the training when ``report`` says so.

    Scores from before an interruption, which are in the Trainer's log, are reported again.

    Args:
        metric: the Trainer's name of the score, as ``eval_f1``.
        report: takes a score and the number of its evaluation, from 1; returns whether to stop the training.

    Raises:
        TrialPrunedError: from within the training, to stop it.
    """

    def __init__(self, metric: str, report: Callable[[float, int], bool]) -> None:
        self.metric = metric
        self.report = report
        self._reported = 0

    def on_evaluate(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Report new scores."""
        scores = [line[self.metric] for line in state.log_history if self.metric in line]
        for number, score in list(enumerate(scores, start=1))[self._reported :]:
            self._reported = number
            if self.report(score, number):
                raise TrialPrunedError(f"ended at evaluation {number} with {self.metric}={score:.4f}")
