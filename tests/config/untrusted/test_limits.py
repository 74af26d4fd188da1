"""A small file of settings that stands for very many values is refused before they take memory or time."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from charbert.config.load import load_settings, register_schema
from charbert.config.untrusted.limits import MAX_DEPTH, MAX_VALUES
from charbert.errors import SettingsError

CONF = Path(__file__).parents[3] / "conf"


def bomb(levels: int) -> str:
    """Return YAML whose aliases stand for 9 ** levels values."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def load(path: Path, text: str) -> Any:
    register_schema()
    path.write_text(text)
    return OmegaConf.load(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (bomb(9), 5),
        ("x: " + "[" * 20_000 + "]" * 20_000, 1),
        ("x: " + "{a: " * 300 + "1" + "}" * 300, 1),
        ("\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 200))]), MAX_DEPTH),
        ("x: &a [1, *a]", 1),
        ("x: [" + "1," * MAX_VALUES + "]", 1),
        ("x: &a {k: 1}\ny:\n  <<: [" + ",".join(["*a"] * MAX_VALUES) + "]", 3),
    ],
)
def test_a_file_of_too_many_or_too_deep_values_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    started = time.process_time()
    with pytest.raises(SettingsError, match=rf"settings\.yaml:{line}: expected settings of at most {MAX_VALUES} "):
        load(tmp_path / "settings.yaml", text)
    assert time.process_time() - started < 4


def test_aliases_and_nesting_within_the_bounds_are_read(tmp_path: Path) -> None:
    assert len(load(tmp_path / "settings.yaml", bomb(3)).a2) == 9
    nested = load(tmp_path / "settings.yaml", "x: " + "[" * 20 + "]" * 20 + "\ny: &a {k: 1}\nz: {<<: *a, l: 2}\n")
    assert dict(nested.z) == {"k": 1, "l": 2}


def test_settings_that_refer_to_each_other_without_end_are_refused_by_name() -> None:
    """Each is twice the one before it, so that the last has 2 ** 40 parts."""
    register_schema()
    names = [f"+trunk.config.b0={'x' * 8}"]
    names += [f"'+trunk.config.b{n}=${{trunk.config.b{n - 1}}}${{trunk.config.b{n - 1}}}'" for n in range(1, 40)]
    overrides = [name.strip("'") for name in names]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("finetune", overrides=overrides)
        with pytest.raises(SettingsError, match=r"setting trunk\.config\.b\d+: .* more than 1000 references"):
            load_settings(cfg)


def test_a_settings_file_of_somebody_else_ends_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "strategy").mkdir()
    (tmp_path / "strategy" / "bomb.yaml").write_text(bomb(9))
    command = [sys.executable, "experiments/tables.py", "--config-dir", str(tmp_path), "strategy=bomb"]
    done = subprocess.run([*command, f"hydra.run.dir={tmp_path}"], cwd=CONF.parent, check=False)
    assert done.returncode == 2
    error = capfd.readouterr().err
    assert error.startswith(f"error: {tmp_path}/strategy/bomb.yaml:5: expected settings") and error.count("\n") == 1
