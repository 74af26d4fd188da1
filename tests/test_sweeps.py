"""Sweeps that outgrow one process: launchers of Hydra, and W&B's own sweeps."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from logging.config import dictConfig
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import get_class
from omegaconf import OmegaConf

from charbert.config.schema import Settings
from charbert.errors import DataError, TrainingError
from charbert.pipelines.analyses.base import Analysis
from charbert.pipelines.train import finetune
from tests.composition import compose_settings

ROOT = Path(__file__).parents[1]
SWEEP = yaml.safe_load((ROOT / "experiments/wandb_sweep.yaml").read_text())
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("name", ["joblib", "submitit_local", "submitit_slurm", "slurm"])
def test_a_launcher_composes_and_is_installed(name: str) -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("finetune", overrides=[f"hydra/launcher={name}"], return_hydra_config=True)
    launcher = config.hydra.launcher
    assert get_class(launcher._target_).__name__.endswith("Launcher")
    if name == "slurm":  # jobs that Slurm ends are queued again
        assert launcher.max_num_timeout > 0 and launcher._target_.endswith("SlurmLauncher")


def finished(folder: Path, pattern: str) -> list[dict]:
    return [json.loads(path.read_text()) for path in (folder / "results/records").glob(f"{pattern}/record.json")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["joblib", "submitit_local"])
def test_jobs_of_a_sweep_run_side_by_side_and_share_what_they_need(
    name: str, tmp_path: Path, run_experiment: Run
) -> None:
    sweep = ["hydra.mode=MULTIRUN", "task=cola", "model=bert", "seed=1,2", f"hydra/launcher={name}", "tracking=off"]
    run_experiment("finetune.py", tmp_path, *sweep, new_process=True)
    assert sorted(record["seed"] for record in finished(tmp_path, "cola-bert-*")) == [1, 2]
    (trunk,) = finished(tmp_path, "trunk-*")  # made by one, waited for by the other
    assert trunk["kind"] == "trunk"


def test_a_launcher_is_refused_where_no_sweep_would_use_it(
    tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "run_and_report", pytest.fail)  # on the machine where a cluster takes its jobs
    done = run_experiment("finetune.py", tmp_path, "hydra/launcher=slurm", expect=2)
    assert done.stderr == "error: hydra/launcher=slurm starts runs of sweeps alone: add -m, also for one run\n"


@pytest.mark.parametrize("mode", ["RUN", "MULTIRUN"])
def test_a_folder_for_each_job_is_refused_since_relative_names_would_be_other_files(
    mode: str, tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "run_and_report", pytest.fail)
    done = run_experiment("finetune.py", tmp_path, f"hydra.mode={mode}", "hydra.job.chdir=true", expect=2)
    assert done.stderr.startswith("error: hydra.job.chdir=true would look for data, outputs and results below")


@pytest.mark.parametrize("choice", ["disabled", "none", "stdout", "default"])
def test_each_logging_of_hydra_can_be_chosen(choice: str) -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("finetune", overrides=[f"hydra/job_logging={choice}"], return_hydra_config=True)
    config.hydra.job.name, config.hydra.runtime.output_dir = "finetune", "."
    logging = OmegaConf.to_container(config.hydra.job_logging, resolve=True)
    logging.get("handlers", {}).pop("file", None)  # which would be opened
    logging["root"] = None
    dictConfig(logging)


def test_a_training_that_fails_does_not_end_the_sweep_and_is_its_error(
    tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def run(settings: Settings) -> SimpleNamespace:
        seeds.append(settings.seed)
        if settings.seed == 1:
            raise TrainingError("the loss became nan")
        if settings.seed == 3:
            raise DataError("no such file")
        return SimpleNamespace(metrics={})

    monkeypatch.setattr(finetune, "run_and_report", run)
    done = run_experiment("finetune.py", tmp_path, "hydra.mode=MULTIRUN", "seed=1,2", expect=2)
    assert seeds == [1, 2]
    assert "seed=1" in done.stderr.splitlines()[-2] and done.stderr.endswith("\nerror: the loss became nan\n")
    run_experiment("finetune.py", tmp_path, "hydra.mode=MULTIRUN", "seed=2,3,4", expect=2)
    assert seeds == [1, 2, 2, 3]  # wrong data are wrong for the runs that follow, too


KILLED = """
import os, signal, sys
import hydra
from charbert.runs.errors import reported

@hydra.main(version_base="1.3", config_path=CONF, config_name="finetune")
@reported
def main(cfg):
    if cfg.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)

main()
"""


@pytest.mark.slow
def test_a_process_of_a_sweep_that_is_killed_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(KILLED.replace("CONF", repr(str(ROOT / "conf"))))
    folders = [f"paths.{name}={tmp_path / name}" for name in ("outputs", "results")]
    sweep = ["-m", "recipe=smoke", "seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *folders]
    command = [sys.executable, str(tmp_path / "job.py"), *sweep]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 2
    # joblib's own tracker of files may warn too, of what the killed process has left
    own = [line for line in done.stderr.splitlines() if not re.search("resource_tracker|^  warnings.warn", line)]
    assert len(own) == 1 and own[0].startswith("error: the operating system ended a process of the sweep"), done.stderr


def test_a_wrong_value_of_a_sweep_is_refused_before_its_first_run(
    tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "run_and_report", pytest.fail)
    sizes = ("hydra.mode=MULTIRUN", "finetuning.batch_size=8,0")
    done = run_experiment("finetune.py", tmp_path, *sizes, expect=2)
    assert done.stderr == "error: finetuning.batch_size must be at least 1, got 0\n"


@pytest.mark.parametrize(
    ("script", "swept", "message"),
    [
        ("perplexity.py", "model=bert,tfidf", "model=TF-IDF is a baseline"),
        ("perplexity.py", "model=charbert,charbert_unpretrained", "is not pretrained"),
        ("fig5_sensitivity.py", "model=bert,majority", "model=Majority is a baseline"),
        ("channels.py", "model=bert,majority", "model=Majority is a baseline"),
        ("channels.py", "task=ner,qnli", "so task.kind must be"),
        ("compress.py", "model=bert,bert_repair", "which has no smaller form"),
        ("worst_case.py", "attack=charbert,homoglyph", "so attack.family must be charbert"),
    ],
)
def test_what_an_experiment_refuses_is_refused_before_the_first_run_of_a_sweep(
    script: str, swept: str, message: str, tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Analysis, "run", pytest.fail)
    done = run_experiment(script, tmp_path, "hydra.mode=MULTIRUN", swept, expect=2)
    assert done.stderr.startswith("error: ") and message in done.stderr and done.stderr.count("\n") == 1


def sweep_command() -> list[str]:
    """Return what a W&B agent would run, with the first or smallest value of each parameter."""
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args  # two seconds

    chosen = {
        name: {"value": options["values"][0] if "values" in options else options["min"]}
        for name, options in SWEEP["parameters"].items()
    }
    macros = {
        "${env}": [],
        "${interpreter}": ["python"],
        "${program}": [SWEEP["program"]],
        "${args_no_hyphens}": create_sweep_command_args({"args": chosen})["args_no_hyphens"],
    }
    return [word for part in create_sweep_command(list(SWEEP["command"])) for word in macros.get(part, [part])]


def test_the_agent_of_the_sweep_gives_settings_that_exist() -> None:
    interpreter, program, *overrides = sweep_command()
    assert interpreter == "python" and (ROOT / program).is_file()
    settings = compose_settings("finetune", *overrides)
    assert (
        settings.finetuning.optimizer.learning_rate == SWEEP["parameters"]["finetuning.optimizer.learning_rate"]["min"]
    )
    assert f"dev/{settings.task.name}/{settings.task.metric}" == SWEEP["metric"]["name"]


@pytest.mark.slow
def test_the_agent_of_the_sweep_logs_the_score_that_it_optimises(
    tmp_path: Path, run_experiment: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, *overrides = sweep_command()
    own = [override for override in overrides if not override.startswith(("recipe=", "tracking=", "model="))]
    monkeypatch.setenv("WANDB_RUN_ID", "given")  # by the agent, which waits for this run
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    done = run_experiment("finetune.py", tmp_path, "model=bert", "tracking=offline", *map(shlex.quote, own))
    (record,) = finished(tmp_path, "ner-bert-*")
    assert SWEEP["metric"]["name"] in record["metrics"]
    assert record["wandb_id"] == "given" and "dev/ner/f1" in done.stdout
    (piece,) = (tmp_path / "outputs/wandb").glob("offline-run-*-given")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(piece)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    begun = next(entry["run"] for entry in map(json.loads, lines) if entry["type"] == "run")
    assert (begun["run_group"], begun["job_type"]) == ("sweep", "finetune")
