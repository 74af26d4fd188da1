"""Settings of splitting one file into train, dev and test."""

from dataclasses import dataclass
from enum import Enum

from charbert.errors import SettingsError


class SplitMethod(Enum):
    """How one file is split into train, dev and test."""

    none = "none"
    """No split; each set has its own file."""
    stratified = "stratified"
    """All parts have the same class shares."""
    grouped = "grouped"
    """No group is in two parts: an article or document (tagging, questions), a text of a pair."""
    stratified_grouped = "stratified_grouped"
    """Both, as far as undivided groups allow."""
    folds = "folds"
    """Stratified cross-validation: each fold is the test part once, with the next one as dev part."""
    grouped_folds = "grouped_folds"
    """Cross-validation with undivided groups."""
    leave_one_out = "leave_one_out"
    """Cross-validation with one fold per example (and its near duplicates)."""
    leave_one_group_out = "leave_one_group_out"
    """Cross-validation with one fold per group."""


@dataclass
class SplitSettings:
    """Split of one file into train, dev and test. Examples with the same or nearly the same text stay together."""

    method: SplitMethod = SplitMethod.none
    """Method of the split."""
    source: str = "train"
    """The file that is split: train, dev or test."""
    dev_share: float = 0.1
    """Share of the dev part, in (0, 1)."""
    test_share: float = 0.1
    """Share of the test part, in (0, 1)."""
    folds: int = 5
    """Number of folds of a cross-validation, 3 or more."""
    most_divisions: int = 100
    """Maximum number of splits of a leave-one-out method; more is an error."""

    def __post_init__(self) -> None:
        if self.source not in ("train", "dev", "test"):
            raise SettingsError(f"preparation.split.source must be train, dev or test, got {self.source!r}")
        if min(self.dev_share, self.test_share) <= 0 or self.dev_share + self.test_share >= 1:
            raise SettingsError(
                "preparation.split.dev_share and test_share must be positive and sum to less than 1, "
                f"got {self.dev_share} and {self.test_share}"
            )
        if self.folds < 3:
            raise SettingsError(f"preparation.split.folds must be 3 or more (train, dev, test), got {self.folds}")
