from typing import Any

import pytest

from charbert.config.data.preparation import (
    AugmentationSettings,
    BalanceSettings,
    LengthSettings,
    NearSettings,
    PreparationSettings,
    PreparationStep,
    SuspiciousSettings,
)
from charbert.config.data.splitting import SplitSettings
from charbert.errors import SettingsError


@pytest.mark.parametrize(
    ("settings", "value", "message"),
    [
        (LengthSettings, {"min_words": 5, "max_words": 4}, r"lengths\.max_words"),
        (LengthSettings, {"fence": -1}, r"lengths\.fence must be 0 or more"),
        (NearSettings, {"similarity": 1.1}, r"near\.similarity"),
        (NearSettings, {"permutations": 1}, r"near\.permutations must be at least 16"),
        (SuspiciousSettings, {"method": "guess"}, r"suspicious\.method"),
        (SuspiciousSettings, {"folds": 1}, r"suspicious\.folds"),
        (SuspiciousSettings, {"top": 0}, r"suspicious\.top"),
        (AugmentationSettings, {"share": 2.0}, r"augmentation\.share"),
        (AugmentationSettings, {"word_share": 0.0}, r"augmentation\.word_share"),
        (AugmentationSettings, {"copies": 0}, r"augmentation\.copies"),
        (AugmentationSettings, {"operations": ["swap", "swap"]}, r"augmentation\.operations"),
        (AugmentationSettings, {"operations": ["translate"]}, r"augmentation\.operations"),
        (BalanceSettings, {"ratio": 0.0}, r"balance\.ratio"),
        (SplitSettings, {"source": "all"}, r"split\.source"),
        (SplitSettings, {"dev_share": 0.5, "test_share": 0.5}, r"split\.dev_share and test_share"),
        (SplitSettings, {"folds": 2}, r"split\.folds"),
        (PreparationSettings, {"steps": [PreparationStep.empty] * 2}, r"preparation\.steps must list each step once"),
    ],
)
def test_values_out_of_range_are_refused(settings: type, value: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings(**value)
