import json
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException

import charbert.config.load  # noqa: F401  guards every composition
from charbert.config.renamed import RENAMED_CHOICES, RENAMED_SETTINGS, RENAMED_VALUES, refuse_renamed, with_new_names

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
def test_an_old_choice_is_refused_with_its_new_name_which_exists(old: tuple[str, str], new: str) -> None:
    group, choice = old
    assert f"{group}={new}" in refusal(f"{group}={choice}")
    assert (CONF / group / f"{new}.yaml").is_file() and not (CONF / group / f"{choice}.yaml").exists()


@pytest.mark.parametrize("old", RENAMED_CHOICES)
def test_an_old_choice_is_refused_within_a_sweep(old: tuple[str, str]) -> None:
    group, choice = old
    with pytest.raises(ConfigCompositionException, match=RENAMED_CHOICES[old]):
        refuse_renamed([f"{group}=none,{choice}"])


@pytest.mark.parametrize(("old", "new"), RENAMED_VALUES.items())
def test_an_old_value_is_refused_with_its_new_name(old: tuple[str, str], new: str) -> None:
    setting, value = old
    assert f"{setting}={new}" in refusal(f"{setting}={value}")


def test_older_records_are_read_under_the_new_names() -> None:
    old = {
        "seed": 1,
        "judging": {"bins": 3},
        "compression": {"versions": ["clean"], "threads": 2},
        "model": {"name": "TF-IDF", "baseline": {"strength": 2.0}},
        "robust_training": {"method": "self_teaching"},
    }
    new = {
        "seed": 1,
        "calibration": {"bins": 3},
        "compression": {"eval_sets": ["clean"], "threads": 2},
        "model": {"name": "TF-IDF", "baseline": {"C": 2.0}},
        "robust_training": {"method": "consistency"},
    }
    unchanged = json.dumps(old)
    assert with_new_names(old) == new
    assert with_new_names(new) == new
    assert json.dumps(old) == unchanged, "the record itself is left alone"
