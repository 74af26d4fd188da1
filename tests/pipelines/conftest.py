"""Settings as Hydra composes them, with every folder below the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from charbert.config.load import load_settings
from charbert.config.schema import Settings

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def composed(tmp_path: Path) -> Callable[..., Settings]:
    def compose_settings(*overrides: str) -> Settings:
        folders = [f"paths.outputs={tmp_path / 'outputs'}", f"paths.results={tmp_path / 'results'}"]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return load_settings(compose("pretrain", overrides=[*folders, *overrides]))

    return compose_settings
