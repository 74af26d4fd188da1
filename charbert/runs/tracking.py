"""A run as W&B shows it: its id, group, tags, settings, main scores and model."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from charbert.config.identity import identity_values
from charbert.config.model.encoder import Objective
from charbert.config.schema import ModelArtifact, Settings
from charbert.records import ResultRecord
from charbert.reporting.tables.paper import main_scores
from charbert.runs.run import Run
from charbert.training.tracking import TrackedRun, tracking_run

_TASKLESS = ("trunk", "pretrain")
"""Kinds of runs that no task and no attack belongs to."""
_TRAININGS = (*_TASKLESS, "word_recognizer", "finetune", "baseline", "fold", "trial")
_OF_NEURAL_MODELS = (
    *("trunk", "corpus", "noise", "pretraining", "pretraining_seed"),
    *("finetuning", "strategy", "distillation", "robust_training"),
)
"""Settings that a baseline does not read."""
_LONGEST_ID = 64


def track_run(settings: Settings, run: Run) -> AbstractContextManager[TrackedRun]:
    """Open the W&B run of a run: the same one each time the run is started, continued if there is a checkpoint.

    A W&B agent names the run that it waits for, which is the fine-tuned model's; wandb gives that name to every run of
    the process.
    """
    of_agent = os.environ.get("WANDB_RUN_ID") if run.kind in ("finetune", "baseline") else None
    return open_tracking(
        settings,
        run.kind,
        run.name,
        _config(settings, run),
        run_id=of_agent or run.folder_name[-_LONGEST_ID:],
        resumes=any(run.checkpoints_folder.glob("checkpoint-*")),
        tags=_tags(settings, run.kind),
    )


def open_tracking(
    settings: Settings, job_type: str, name: str, config: Mapping[str, Any], **about: Any
) -> AbstractContextManager[TrackedRun]:
    """Open a W&B run in its group, as ``settings.tracking`` asks for it; ``about`` is passed to `tracking_run`."""
    group = settings.tracking.group or os.environ.get("WANDB_SWEEP_ID") or settings.experiment
    return tracking_run(
        mode=settings.tracking.mode.name,
        project=settings.tracking.project,
        entity=settings.tracking.entity,
        timeout_seconds=settings.tracking.timeout_seconds,
        folder=Path(settings.paths.outputs),
        group=group,
        job_type=job_type,
        name=name,
        config=config,
        **about,
    )


def track_results(settings: Settings, run: Run, record: ResultRecord, tracked: TrackedRun) -> None:
    """Send a finished run's scores, the main ones also under their names in tables, and its model as an artifact.

    The weights of a search's trial are deleted, so they are no artifact.
    """
    tracked.summary(record.metrics | main_scores(record))
    chosen = settings.tracking.model
    if chosen is not ModelArtifact.none and run.kind != "trial" and record.details.get("weights"):
        about = {"key": run.key, "sha256": record.details["weights"], **main_scores(record)}
        tracked.model(run.model_folder, run.folder_name, about, upload=chosen is ModelArtifact.upload)


def _tags(settings: Settings, kind: str) -> list[str]:
    tags = {"recipe": settings.recipe}
    if kind not in _TASKLESS:
        tags["task"] = settings.task.name
    if kind != "trunk":
        tags["model"] = settings.model.name
    if kind not in (*_TASKLESS, "word_recognizer", "trial"):
        tags["attack"] = settings.attack.name
    return [f"{name}:{value}" for name, value in tags.items()]


def _config(settings: Settings, run: Run) -> dict[str, Any]:
    """Return the settings under the names of the command line, without sections that the run does not read."""
    unread = ["paths", "tracking"]
    if run.kind in _TRAININGS:
        unread += ["analysis", "bench"]
    if run.kind in _TASKLESS:
        unread += ["task", "attack", "finetuning", "seed"]
    if settings.model.is_baseline:
        unread += _OF_NEURAL_MODELS
    elif run.kind == "trunk" or settings.model.objective is Objective.none:
        unread += ["noise", "pretraining"]
    if not settings.data.generated:
        unread.append("newswire")
    if not settings.multi_task.tasks:
        unread.append("multi_task")
    config = {name: value for name, value in identity_values(settings).items() if name not in unread}
    sets = config["data"].pop("sets")
    config["data"] |= sets.get(settings.task.name, {}) if "task" in config else {}
    if not settings.model.recognizer.enabled:
        config["model"].pop("recognizer", None)
    if not settings.model.is_baseline:
        config["model"].pop("baseline", None)
    return config | {"run": {"kind": run.kind, "name": run.name, "key": run.key}}
