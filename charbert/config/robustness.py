"""Settings of the measurements of fine-tuned models under noise: its families, its strength and the worst edits."""

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


@dataclass
class WorstCaseSettings:
    """Search for the edits that lower a model's score most. Which edits there are, in which words and with which
    letters, is as in ``attack``."""

    edits: list[int] = field(default_factory=lambda: [1, 2])
    """Most edits of a text, each in another word; every number, from 1 to 100, is a column of the table. Pruthi et al.
    (2019): 1 and 2."""
    word_shares: list[float] = field(default_factory=list)
    """More columns: edits in at most these shares of the words of a text, in [0.01, 1], rounded, at least one edit."""
    budget: int = 100
    """Most texts of an example that the model scores for each number of edits, its random edits included; at least 2. A
    search with more edits goes on from what was scored with fewer."""
    beam: int = 5
    """Texts that a further edit is looked for in, those with the lowest scores; at least 1."""
    restarts: int = 1
    """Times that the last edit is looked for after random other edits instead; 0 or more."""
    keep_ends: bool = True
    """Whether the first and the last character of a word stay, as in the paper's attack and in Pruthi et al."""
    max_examples: int | None = 500
    """Test examples that are drawn with ``attack.seed``, the same for all models; null: all."""

    def __post_init__(self) -> None:
        if not self.edits and not self.word_shares:
            raise SettingsError("worst_case.edits and worst_case.word_shares are both empty; name a number of edits")
        _check_rising("worst_case.edits", self.edits, 1, 100, fewest=0)
        _check_rising("worst_case.word_shares", self.word_shares, 0.01, 1, fewest=0)
        if len({round(100 * share) for share in self.word_shares}) < len(self.word_shares):
            raise SettingsError(
                f"worst_case.word_shares must differ by a percent or more, which names them, got {self.word_shares}"
            )
        check_range("worst_case", self, "[2, inf)", "budget")
        check_range("worst_case", self, "[1, inf)", "beam", "max_examples")
        check_range("worst_case", self, "[0, inf)", "restarts")

    def numbers(self, words: int) -> dict[str, int]:
        """Return the most edits of a text of so many words, by the name of the column: ``2``, or ``10pct``."""
        shares = {f"{round(100 * share)}pct": max(1, round(share * words)) for share in self.word_shares}
        return {str(number): number for number in self.edits} | shares
