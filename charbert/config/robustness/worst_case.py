"""Settings of the search for the edits that hurt a model most."""

from __future__ import annotations

from dataclasses import dataclass, field

from charbert.config.checks import check_range
from charbert.errors import SettingsError


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
        for name, values, low in (("edits", self.edits, 1), ("word_shares", self.word_shares, 0.01)):
            if sorted(set(values)) != list(values):
                raise SettingsError(f"worst_case.{name} must rise from value to value, got {list(values)}")
            if values and not (low <= values[0] and values[-1] <= (100 if low == 1 else 1)):
                bounds = "[1, 100]" if low == 1 else "[0.01, 1]"
                raise SettingsError(f"worst_case.{name} must be in {bounds}, got {list(values)}")
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
