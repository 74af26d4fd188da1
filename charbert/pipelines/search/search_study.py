"""The trials of a search on disk, shared by several processes and kept when a process is killed."""

from __future__ import annotations

import itertools
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from charbert.config.search import Dimension, Pruner, SearchMethod, SearchSettings
from charbert.errors import import_extra
from charbert.files import locked
from charbert.seeding import derive_seed

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

_FILE = "study.jsonl"
_ERROR = "error"
"""Attribute of a trial that failed with an error; a killed trial has none and is run again."""


@dataclass
class ClaimedTrial:
    """A trial that this process runs; its lock shows other processes that it is not abandoned."""

    trial: Trial
    values: dict[str, Any]
    """By setting."""
    lock: FileLock
    evaluations: int = 0
    """Number of reported scores."""

    def report(self, score: float, evaluation: int) -> bool:
        """Report a dev score, and return whether the trial should be pruned."""
        self.evaluations += 1
        self.trial.report(score, evaluation)
        return bool(self.trial.should_prune())


class SearchStudy:
    """The trials of a search in a file, and the choice of the next one.

    Args:
        folder: of the file; worth keeping.
        locks: a folder for locks; may be deleted while no search runs.

    Raises:
        SettingsError: if Optuna is not installed.
    """

    def __init__(self, folder: Path, locks: Path, search: SearchSettings) -> None:
        optuna = _optuna()
        self.search = search
        self._locks = locks
        folder.mkdir(parents=True, exist_ok=True)
        locks.mkdir(parents=True, exist_ok=True)
        path = folder / _FILE
        with self._asking():
            writing = FileLock(locks / f"{_FILE}.lock")
            with writing:
                _cut_torn_line(path)
            backend = optuna.storages.journal.JournalFileBackend(str(path), lock_obj=writing)
            self._study = optuna.create_study(
                storage=optuna.storages.JournalStorage(backend),
                study_name="search",
                direction="maximize",
                load_if_exists=True,
                pruner=_build_pruner(search),
            )
            for values in self._grid():
                self._study.enqueue_trial(values, skip_if_exists=True)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials so far, also killed ones."""
        return self._study.get_trials(deepcopy=False)

    @property
    def budget(self) -> int:
        """The number of trials wanted."""
        return len(self._grid()) or self.search.trials

    def claim(self) -> ClaimedTrial | None:
        """Return the next trial, killed ones before new ones; None when the budget is used."""
        with self._asking():
            self._take_back_abandoned()
            begun = sum(trial.state.is_finished() and not _was_killed(trial) for trial in self.trials)
            begun += sum(trial.state.name == "RUNNING" for trial in self.trials)
            if begun >= self.budget:
                return None
            self._study.sampler = _build_sampler(self.search, derive_seed(self.search.seed, "search", begun))
            trial = self._study.ask()
            lock = self._lock_of(trial.number)
            lock.acquire(timeout=0)
            return ClaimedTrial(
                trial, {name: _suggest(trial, name, parameter) for name, parameter in self._space}, lock
            )

    def close(
        self, claimed: ClaimedTrial, *, score: float | None = None, pruned: bool = False, error: str = ""
    ) -> None:
        """Record how a trial ended: with a score, pruned or with an error."""
        from optuna.trial import TrialState

        state = TrialState.PRUNED if pruned else TrialState.COMPLETE
        if error:
            claimed.trial.set_user_attr(_ERROR, error)
            state = TrialState.FAIL
        self._study.tell(claimed.trial, score, state=state)
        claimed.lock.release()

    def importances(self) -> dict[str, float]:
        """Return how much of the spread of the scores each setting explains, summing to 1 (PED-ANOVA of Watanabe et
        al. 2023); empty if there are too few different trials."""
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        finished = [trial for trial in self.trials if trial.value is not None and trial.state.name == "COMPLETE"]
        varied = [name for name, _ in self._space if len({trial.params[name] for trial in finished}) > 1]
        if len(finished) < 4 or len({trial.value for trial in finished}) < 2 or not varied:
            return {}
        try:
            return get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator(), params=varied)
        except (RuntimeError, ValueError):  # the scores are too similar
            return {}

    @property
    def _space(self) -> list[tuple[str, Dimension]]:
        return sorted(self.search.space.items())

    def _grid(self) -> list[dict[str, Any]]:
        if self.search.method is not SearchMethod.grid:
            return []
        names = list(self.search.space)
        rows = itertools.product(*(self.search.space[name].grid() for name in names))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _asking(self) -> Any:
        return locked(self._locks / "asking.lock", "choosing a trial")

    def _lock_of(self, number: int) -> FileLock:
        return FileLock(self._locks / f"{number}.lock")

    def _take_back_abandoned(self) -> None:
        """Queue trials again whose processes ended; they continue from their checkpoints."""
        from optuna.trial import TrialState

        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            lock = self._lock_of(trial.number)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            lock.release()
            self._study.tell(trial.number, state=TrialState.FAIL)
            values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            if len(values) == len(self.search.space):
                self._study.enqueue_trial(values)


def _optuna() -> Any:
    optuna = import_extra("optuna", "a search", "tune")
    import_extra("optuna.storages.journal", "a search", "tune")  # optuna does not load it itself
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def _was_killed(trial: FrozenTrial) -> bool:
    return trial.state.name == "FAIL" and _ERROR not in trial.user_attrs


def _cut_torn_line(path: Path) -> None:
    """Remove an incomplete last line, as a killed process leaves it, so that appended lines stay readable."""
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _build_pruner(search: SearchSettings) -> BasePruner:
    from optuna.pruners import MedianPruner, NopPruner

    if search.pruner is Pruner.none:
        return NopPruner()
    return MedianPruner(n_startup_trials=search.startup_trials, n_warmup_steps=search.warmup_evaluations + 1)


def _build_sampler(search: SearchSettings, seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    seed %= 2**32
    if search.method is SearchMethod.bayesian:
        parallel = search.processes > 1
        return TPESampler(n_startup_trials=search.startup_trials, seed=seed, constant_liar=parallel)
    return RandomSampler(seed)


def _suggest(trial: Trial, name: str, dimension: Dimension) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(name, dimension.choices)
    assert dimension.low is not None and dimension.high is not None
    if dimension.integer:
        return trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
