"""Settings of the measurements of fine-tuned models under noise: its families and its strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from charbert.config.checks import check_name, check_range
from charbert.config.data.noise import AttackSettings
from charbert.errors import SettingsError


@dataclass
class RobustnessSettings:
    """Families of noise that fine-tuned models are scored on, beside the paper's attack."""

    families: dict[str, AttackSettings] = field(default_factory=dict)
    """Attacks on the test set, by the name that the set has in records and tables; ``conf/robustness.yaml`` fills it
    from ``conf/attack``. Another one: ``+attack@robustness.families.NAME=charbert``; without one:
    ``~robustness.families.NAME``."""
    max_examples: int = 0
    """Number of test examples that ``robustness.py`` and ``noise_curves.py`` score, drawn from ``attack.seed``, the
    same for all models and sets; 0: all."""

    def __post_init__(self) -> None:
        check_range("robustness", self, "[0, inf)", "max_examples")
        for name in self.families:
            check_name("a family of noise (robustness.families)", name)
        self.families = {name: replace(attack, name=name) for name, attack in self.families.items()}


@dataclass
class CurveSettings:
    """Strengths of an attack that the scores of a fine-tuned model are measured at."""

    attack: AttackSettings = field(default_factory=AttackSettings)
    """The attack, ``attack@curves.attack=NAME``. The curves set its ``probability`` and ``edits_per_word``. It is no
    part of the model's key."""

    shares: list[float] = field(default_factory=lambda: [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """Shares of the eligible words that are attacked, rising, in [0, 1]; 0 is the clean set. The words of a share are
    among those of a larger one. At least two."""
    edits: list[int] = field(default_factory=lambda: [1, 2, 3])
    """Edits of each word, rising, in [1, 100], with all eligible words attacked; for attacks that have
    ``edits_per_word``. Empty: none."""

    def __post_init__(self) -> None:
        _check_rising("curves.shares", self.shares, 0, 1, fewest=2)
        _check_rising("curves.edits", self.edits, 1, 100, fewest=0)


def _check_rising(setting: str, values: Sequence[float], low: float, high: float, *, fewest: int) -> None:
    rising = all(first < second for first, second in pairwise(values))
    if len(values) < fewest or not rising or any(not low <= value <= high for value in values):
        least = f"at least {fewest} " if fewest else ""
        raise SettingsError(f"{setting} must be {least}rising numbers in [{low:g}, {high:g}], got {list(values)}")
