"""Settings of the search for the worst edits."""

from typing import Any

import pytest

from charbert.config.robustness import WorstCaseSettings
from charbert.errors import SettingsError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"edits": []}, "edits and worst_case.word_shares are both empty"),
        ({"edits": [2, 1]}, r"worst_case.edits must be rising numbers in \[1, 100\], got \[2, 1\]"),
        ({"edits": [0, 1]}, r"worst_case.edits must be rising numbers in \[1, 100\]"),
        ({"edits": [1, 200]}, r"worst_case.edits must be rising numbers in \[1, 100\]"),
        ({"word_shares": [0.5, 0.1]}, "worst_case.word_shares must be rising"),
        ({"word_shares": [5.0]}, r"worst_case.word_shares must be rising numbers in \[0.01, 1\]"),
        ({"word_shares": [0.101, 0.102]}, "must differ by a percent or more"),
        ({"budget": 1}, "worst_case.budget must be at least 2, got 1"),
        ({"beam": 0}, "worst_case.beam must be at least 1, got 0"),
        ({"restarts": -1}, "worst_case.restarts must be 0 or more, got -1"),
        ({"max_examples": 0}, "worst_case.max_examples must be at least 1 or null, got 0"),
    ],
)
def test_values_out_of_range_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        WorstCaseSettings(**values)


def test_a_share_of_words_is_a_number_of_edits_of_each_text() -> None:
    settings = WorstCaseSettings(edits=[1], word_shares=[0.1, 0.5])
    assert settings.numbers(20) == {"1": 1, "10pct": 2, "50pct": 10}
    assert settings.numbers(2) == {"1": 1, "10pct": 1, "50pct": 1}
