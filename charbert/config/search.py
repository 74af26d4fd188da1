"""Settings of a hyper-parameter search."""

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from charbert.config.checks import check_range
from charbert.errors import SettingsError


class SearchMethod(Enum):
    """How the values of the next trial are chosen."""

    grid = "grid"
    """Every combination once; the last setting of the space changes fastest."""
    random = "random"
    """Each value is drawn uniformly and independently (on a logarithmic scale if ``log`` is set)."""
    bayesian = "bayesian"
    """Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), which uses the results of earlier trials."""


class Pruner(Enum):
    """Which trials are stopped early."""

    none = "none"
    """None."""
    median = "median"
    """Trials whose best dev score so far is below the median of the other trials at the same evaluation."""


@dataclass
class Dimension:
    """Values of one setting: a range from ``low`` to ``high``, both included, or a list of ``choices``."""

    low: float | None = None
    """Smallest value."""
    high: float | None = None
    """Largest value."""
    log: bool = False
    """Whether the scale is logarithmic; needs a positive ``low``."""
    integer: bool = False
    """Whole numbers only."""
    points: int = 3
    """Number of values in a grid over the range, ends included; at least 1."""
    choices: list[Any] = field(default_factory=list)
    """Numbers, words, true, false, null, or files of a group of ``conf/``."""

    def check(self, name: str) -> None:
        """Raise a SettingsError that names the setting if the values are invalid."""
        where = f"search.space[{name}]"
        if self.choices:
            wrong = [value for value in self.choices if not isinstance(value, bool | int | float | str | None)]
            if wrong or self.low is not None or self.high is not None:
                raise SettingsError(f"{where} must have single values as choices and no range, got {self}")
            return
        if self.low is None or self.high is None or not self.low <= self.high:
            raise SettingsError(f"{where} must have choices, or low and high with low <= high, got {self}")
        if self.log and self.low <= 0:
            raise SettingsError(f"{where}.low must be positive on a logarithmic scale, got {self.low}")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise SettingsError(f"{where}.low and high must be whole numbers, got {self.low} and {self.high}")
        check_range(where, self, "[1, inf)", "points")

    @property
    def scale(self) -> str:
        """Kind of scale: ``choice``, ``log`` or ``linear``."""
        return "choice" if self.choices else "log" if self.log else "linear"

    def grid(self) -> list[Any]:
        """Return the values of a grid: the choices, or points spread evenly over the range."""
        if self.choices:
            return list(self.choices)
        assert self.low is not None and self.high is not None
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        spread = [low + (high - low) * index / max(1, self.points - 1) for index in range(self.points)]
        values = [math.exp(value) for value in spread] if self.log else spread
        values = [min(max(value, self.low), self.high) for value in values]  # exp(log(x)) may be a little off
        return sorted({round(value) for value in values}) if self.integer else sorted(set(values))


@dataclass
class SearchSettings:
    """Search for the settings with the best dev score. Trials are not scored on test sets."""

    method: SearchMethod = SearchMethod.bayesian
    """How values are chosen."""
    trials: int = 20
    """Trials of a random or Bayesian search; a larger number continues an earlier search. Unused for a grid."""
    processes: int = 1
    """Trials that run at the same time on this machine, each with an equal share of the cores."""
    seed: int = 0
    """Seed of the choice of values."""
    startup_trials: int = 5
    """Trials at the beginning with random values and without pruning."""
    pruner: Pruner = Pruner.median
    """Which trials are stopped early; ``finetuning.evaluations`` sets how often a trial is evaluated."""
    warmup_evaluations: int = 1
    """Evaluations of a trial before it may be stopped; 0 or more."""
    space: dict[str, Dimension] = field(default_factory=dict)
    """Values by setting, e.g. ``finetuning.optimizer.learning_rate``, or by group of ``conf/``, e.g. ``strategy``."""

    def __post_init__(self) -> None:
        check_range("search", self, "[1, inf)", "trials", "processes", "startup_trials")
        check_range("search", self, "[0, inf)", "warmup_evaluations")
        for name, dimension in self.space.items():
            dimension.check(name)
