"""Settings of the division of one file into train, dev and test."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from charbert.errors import SettingsError


class SplitMethod(Enum):
    """How one file is divided into train, dev and test."""

    none = "none"
    """It is not; the sets have files of their own."""
    stratified = "stratified"
    """Parts with the same shares of the classes."""
    grouped = "grouped"
    """No article or document (tagging, questions), and no text of a pair, is in two parts."""
    stratified_grouped = "stratified_grouped"
    """Both, as far as whole groups allow."""
    folds = "folds"
    """Cross-validation, stratified: each fold is the test part once, the next one the dev part."""
    grouped_folds = "grouped_folds"
    """Cross-validation that divides no group."""
    leave_one_out = "leave_one_out"
    """Cross-validation with a fold for each example (and its near duplicates)."""
    leave_one_group_out = "leave_one_group_out"
    """Cross-validation with a fold for each group."""


@dataclass
class SplitSettings:
    """Division of one file into train, dev and test; examples with (nearly) the same text stay together."""

    method: SplitMethod = SplitMethod.none
    """How."""
    source: str = "train"
    """Which file of the set is divided: train, dev or test."""
    dev_share: float = 0.1
    """Share of the dev part, in (0, 1)."""
    test_share: float = 0.1
    """Share of the test part, in (0, 1)."""
    folds: int = 5
    """Parts of a cross-validation, 3 or more."""
    most_divisions: int = 100
    """Leave-one-out that would write more divisions than this is refused."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.source not in ("train", "dev", "test"):
            raise SettingsError(f"preparation.split.source must be train, dev or test, got {self.source!r}")
        if min(self.dev_share, self.test_share) <= 0 or self.dev_share + self.test_share >= 1:
            raise SettingsError(
                "preparation.split.dev_share and test_share must be positive and sum to less than 1, "
                f"got {self.dev_share} and {self.test_share}"
            )
        if self.folds < 3:
            raise SettingsError(f"preparation.split.folds must be 3 or more (train, dev, test), got {self.folds}")
