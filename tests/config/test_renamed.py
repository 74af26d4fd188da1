from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException

import charbert.config.load  # noqa: F401  guards every composition
from charbert.config.renamed import RENAMED_CHOICES, RENAMED_SETTINGS, with_new_names

CONF = Path(__file__).parents[2] / "conf"


def refusal(override: str) -> str:
    with (
        initialize_config_dir(str(CONF), version_base="1.3"),
        pytest.raises(ConfigCompositionException) as raised,
    ):
        compose("finetune", overrides=[override])
    return str(raised.value)


@pytest.mark.parametrize(("old", "new"), RENAMED_SETTINGS.items())
def test_an_old_setting_is_refused_with_its_new_name(old: str, new: str) -> None:
    assert new in refusal(f"{old}=1")
    assert f"{new}.part" in refusal(f"+{old}.part=1")


@pytest.mark.parametrize(("old", "new"), RENAMED_CHOICES.items())
def test_an_old_choice_is_refused_with_its_new_name(old: tuple[str, str], new: str) -> None:
    group, choice = old
    assert f"{group}={new}" in refusal(f"{group}={choice}")
    assert f"{group}={new}" in refusal(f"{group}={choice},none")


def test_older_records_are_read_under_the_new_names() -> None:
    old = {"seed": 1, "judging": {"bins": 3}, "compression": {"versions": ["clean"], "threads": 2}}
    new = {"seed": 1, "calibration": {"bins": 3}, "compression": {"eval_sets": ["clean"], "threads": 2}}
    assert with_new_names(old) == new
    assert with_new_names(new) == new
    assert "judging" in old, "the record itself is left alone"
