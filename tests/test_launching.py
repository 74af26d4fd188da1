"""What starts a training in several processes: torchrun, accelerate, and jobs of a cluster."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils import FullyShardedDataParallelPlugin
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from safetensors.torch import load_file
from submitit.slurm.slurm import SlurmExecutor, _make_sbatch_string

from charbert.training.distributed.processes import join_submitted_tasks
from tests.composition import compose_settings

ROOT = Path(__file__).parents[1]
Run = Callable[..., subprocess.CompletedProcess[str]]


def sbatch_script(*overrides: str) -> str:
    """Return the script that the launcher would hand to Slurm."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("pretrain", overrides=["recipe=paper", *overrides], return_hydra_config=True)
    chosen = OmegaConf.to_container(config.hydra.launcher, resolve=False)
    assert isinstance(chosen, dict)
    apart = ("_target_", "submitit_folder", "max_num_timeout", "name")
    plain = {name: value for name, value in chosen.items() if name not in apart and value is not None}
    names = SlurmExecutor._equivalence_dict()
    translated = {names.get(name, name): value for name, value in plain.items()}
    translated["time"], translated["mem"] = translated.pop("time"), f"{plain['mem_gb']}GB"
    translated.pop("mem_gb", None)
    return _make_sbatch_string(command="python job", folder="logs", **translated)


def test_a_job_on_several_nodes_asks_slurm_for_a_task_on_each_gpu() -> None:
    script = sbatch_script("hydra/launcher=slurm_nodes", "hydra.launcher.partition=gpu", "hydra.launcher.nodes=4")
    wanted = {"nodes": "4", "ntasks-per-node": "8", "gpus-per-node": "8", "partition": "gpu", "mem": "256GB"}
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)$", script, re.MULTILINE))
    assert {name: options[name] for name in wanted} == wanted
    assert re.search(r"^srun .*python job$", script, re.MULTILINE)  # srun starts every task of every node


def test_a_single_job_has_a_single_task() -> None:
    assert "#SBATCH --ntasks-per-node=1" in sbatch_script("hydra/launcher=slurm")


def test_the_tasks_of_a_slurm_job_find_each_other() -> None:
    slurm = {
        "SUBMITIT_EXECUTOR": "slurm",
        "SLURM_JOB_ID": "17",
        "SLURM_JOB_NODELIST": "node[3-4]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_NTASKS": "16",
        "SLURM_PROCID": "11",
        "SLURM_LOCALID": "3",
        "SLURM_NODEID": "1",
    }
    hosts = "submitit.slurm.slurm.SlurmJobEnvironment.hostnames"
    with patch.dict(os.environ, slurm), patch(hosts, ["node3", "node4"]):
        join_submitted_tasks()
        environment = {name: os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")}
    assert environment == {"RANK": "11", "WORLD_SIZE": "16", "LOCAL_RANK": "3", "MASTER_ADDR": "node3"}


def test_the_accelerate_config_asks_for_shards_of_layers() -> None:
    config = load_config_from_file(str(ROOT / "launch" / "fsdp.yaml"))
    options = {name.upper(): str(value) for name, value in config.fsdp_config.items()}
    with patch.dict(os.environ, options):
        plugin = FullyShardedDataParallelPlugin()
    assert (plugin.fsdp_version, plugin.reshard_after_forward, plugin.state_dict_type.name) == (
        2,
        True,
        "SHARDED_STATE_DICT",
    )
    assert plugin.auto_wrap_policy is torch.distributed.fsdp.wrap.transformer_auto_wrap_policy


def test_a_batch_is_of_all_processes_together() -> None:
    settings = compose_settings("pretrain", "recipe=paper")
    for training in (settings.pretraining, settings.finetuning):
        assert training.batch_size % 8 == 0  # so that eight GPUs can share it


def records(folder: Path) -> dict[str, dict]:
    paths = (folder / "results/records").glob("*/record.json")
    return {path.parent.name: json.loads(path.read_text()) for path in paths}


@pytest.mark.slow
def test_two_tasks_of_a_submitted_job_make_the_runs_of_one_process(tmp_path: Path, run_experiment: Run) -> None:
    """From text to attacked scores, without dropout and in float32: the same records, one W&B run, one model."""
    still = (
        *(f"{section}.precision=fp32" for section in ("trunk.pretraining", "pretraining", "finetuning")),
        "++trunk.config.hidden_dropout_prob=0.0",
        "++trunk.config.attention_probs_dropout_prob=0.0",
        "tracking=off",
    )
    run_experiment("finetune.py", tmp_path / "alone", "task=ner", "model=charbert", *still)
    launcher = ("hydra.mode=MULTIRUN", "hydra/launcher=submitit_local", "hydra.launcher.tasks_per_node=2")
    run_experiment(
        "finetune.py", tmp_path / "together", "task=ner", "model=charbert", *still, *launcher, new_process=True
    )
    alone, together = records(tmp_path / "alone"), records(tmp_path / "together")
    assert alone.keys() == together.keys()
    assert {name.split("-")[0] for name in alone} == {"trunk", "pretrain", "ner"}
    for name, record in alone.items():
        assert together[name]["training_tokens"] == record["training_tokens"]
        assert together[name]["metrics"] == pytest.approx(record["metrics"], abs=0.03)
    weights = [
        next((tmp_path / kind / "outputs/pretrain").glob("*/model/model.safetensors")) for kind in ("alone", "together")
    ]
    first, second = (load_file(path) for path in weights)
    for name, weight in first.items():
        torch.testing.assert_close(second[name], weight, atol=2e-3, rtol=0)
    assert not list((tmp_path / "together/outputs").rglob("checkpoint-*"))
