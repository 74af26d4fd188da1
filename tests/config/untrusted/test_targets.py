"""Configurations that name code, composed as a user's would be: refused, and nothing of theirs is run."""

import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from charbert.config.load import register_schema
from charbert.config.untrusted.targets import refuse_code

CONF = Path(__file__).parents[3] / "conf"
ALLOWED = [
    [],
    ["hydra/launcher=joblib"],
    ["hydra/launcher=submitit_local"],
    ["hydra/launcher=slurm"],
    ["hydra/job_logging=disabled", "hydra/hydra_logging=none"],
    ["hydra/job_logging=stdout", "hydra.job_logging.root.level='${oc.env:LEVEL,INFO}'"],
    ["hydra.verbose=true", "hydra.mode=MULTIRUN", "+hydra.job.env_set.OMP_NUM_THREADS=1"],
    ["+hydra.callbacks.log._target_=hydra.experimental.callbacks.LogJobReturnCallback"],
]
REFUSED = [
    "+hydra.callbacks.x._target_=os.mkdir",
    "+hydra.callbacks.x._target_=hydra_plugins.hydra_joblib_launcher._core.os.mkdir",
    "+hydra.callbacks.x={_target_:os.mkdir,path:owned}",
    "+hydra.callbacks.x._target_='${trunk.name}'",
    "hydra.launcher._target_=os.mkdir",
    "hydra.sweeper._target_=charbert.files.write_atomically",
    "+hydra.sweeper.sampler._target_=os.mkdir",
    "hydra.job_logging.handlers.console.class=subprocess.Popen",
    "+hydra.hydra_logging.handlers.x.class=subprocess.Popen",
    "hydra.job_logging.handlers.console.stream=ext://os.environ",
    "hydra.job_logging.handlers='${trunk.config}'",
    "hydra.job_logging='${oc.select:trunk.config}'",
    "+hydra.job_logging.formatters.simple.class=[os.mkdir]",
    "+trunk.config.x._target_=os.mkdir",
    "+trunk.config.x='${oc.decode:\"{_target_: os.mkdir}\"}'",
    "+trunk.config.x='${oc.${trunk.name}:HOME}'",
]
VARIABLES = ["WANDB_BASE_URL", "HF_ENDPOINT", "HTTPS_PROXY", "LD_PRELOAD", "PATH"]


def composed(overrides: list[str]) -> Any:
    register_schema()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("finetune", overrides=overrides, return_hydra_config=True)


@pytest.mark.parametrize("overrides", ALLOWED, ids=" ".join)
def test_plugins_and_log_settings_of_hydra_still_work(overrides: list[str]) -> None:
    assert composed(overrides).experiment == "finetune"


@pytest.mark.parametrize("override", REFUSED)
def test_a_name_of_code_is_refused_where_settings_are_composed(override: str) -> None:
    with pytest.raises(ConfigCompositionException, match="expected no name of code but"):
        composed([override])


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("setting", ["+hydra.job.env_set.{}=theirs", "hydra.job.env_copy=[{}]"])
def test_settings_set_only_variables_of_threads_and_devices(
    name: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, os.environ.get(name, "mine"))
    with pytest.raises(ConfigCompositionException, match=f"env_set.{name}: settings may set only OMP_NUM_THREADS"):
        composed([setting.format(name)])


@pytest.mark.parametrize("call", ["${oc.env:SECRET}", "name-${oc.select:x,${oc.env:SECRET}}"])
def test_a_setting_that_records_hold_reads_no_variable(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "told to nobody")
    with pytest.raises(ConfigCompositionException, match="a record would hold the value") as raised:
        composed([f"model.name='{call}'"])
    assert "told to nobody" not in str(raised.value)


def test_a_path_on_the_command_line_may_read_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCH", "/scratch")
    assert composed(["paths.outputs='${oc.env:SCRATCH}/charbert'"]).paths.outputs == "/scratch/charbert"


def composed_with(folder: Path, text: str) -> Any:
    (folder / "theirs").mkdir()
    (folder / "theirs/primary.yaml").write_text(f"defaults: [finetune, _self_]\n{text}\n")
    register_schema()
    with initialize_config_dir(str(folder / "theirs"), version_base="1.3"):
        return compose("primary", overrides=[f"hydra.searchpath=[file://{CONF}]"], return_hydra_config=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("paths: {outputs: '${oc.env:HOME}/x'}", "may not read the environment"),
        ("hydra: {run: {dir: '${oc.env:HOME}/x'}}", "may not read the environment"),
        ("hydra: {launcher: {setup: [touch owned]}}", "may not set commands of cluster jobs"),
        ("hydra: {launcher: {additional_parameters: {wrap: touch owned}}}", "may not set commands of cluster jobs"),
    ],
)
def test_a_settings_file_of_somebody_else_reads_nothing_and_commands_nothing(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigCompositionException, match=message) as raised:
        composed_with(tmp_path, text)
    assert str(tmp_path / "theirs/primary") in str(raised.value)


def test_a_settings_file_of_somebody_else_may_refer_to_other_settings(tmp_path: Path) -> None:
    assert composed_with(tmp_path, "model: {name: 'mine-${trunk.name}'}").model.name == "mine-tiny-bert"


def test_a_package_with_settings_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/__init__.py").write_text(f"open({os.fspath(tmp_path / 'owned')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigCompositionException, match="would run its code"):
        composed(["hydra.searchpath=[pkg://theirs]"])
    assert not (tmp_path / "owned").exists()


def test_the_place_is_named() -> None:
    factory = {"hydra": {"job_logging": {"handlers": {"x": {"()": "subprocess.Popen"}}}}}
    with pytest.raises(ConfigCompositionException, match=r"^a\.0\.b\._target_: .*'os\.mkdir'"):
        refuse_code(OmegaConf.create({"a": [{"b": {"_target_": "os.mkdir"}}]}))
    with pytest.raises(
        ConfigCompositionException, match=r"^hydra\.job_logging\.handlers\.x\.\(\): .*'subprocess\.Popen'"
    ):
        refuse_code(OmegaConf.create(factory))
    refuse_code(OmegaConf.create({"target": "os.mkdir", "note": "_target_", "empty": {}, "none": None}))


LOGGING = "job_logging: {version: 1, root: {level: INFO}, handlers: {x: {(): os.mkdir, path: %s}}}"


@pytest.mark.parametrize("section", ["callbacks: {x: {_target_: os.mkdir, path: %s}}", LOGGING])
def test_a_folder_of_untrusted_settings_runs_no_code(
    section: str, tmp_path: Path, run_experiment: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "theirs/extra").mkdir(parents=True)
    owned = os.fspath(tmp_path / "owned")
    (tmp_path / "theirs/extra/nice.yaml").write_text(f"# @package _global_\nhydra:\n  {section % owned}\n")
    done = run_experiment("finetune.py", tmp_path, "+extra=nice", "--config-dir", str(tmp_path / "theirs"), expect=2)
    assert "expected no name of code but" in done.stderr
    assert not (tmp_path / "owned").exists()


class Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_a_pickled_configuration_is_not_run_again(
    tmp_path: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "config.pickle").write_bytes(pickle.dumps(Malicious(tmp_path / "owned")))
    rerun = ["--experimental-rerun", str(tmp_path / "config.pickle")]
    done = run_python(str(CONF.parent / "experiments/finetune.py"), *rerun, cwd=tmp_path, expect=2)
    assert "--experimental-rerun reads a pickle" in done.stderr
    assert not (tmp_path / "owned").exists()
