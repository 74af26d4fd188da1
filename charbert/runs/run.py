"""A cell is one finished run: its name, its key, and where its record and its weights lie.

The key is a hash of what identifies the run; see `charbert.runs.keys`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.data.sets import FoldSettings
from charbert.config.model.classical import BaselineKind
from charbert.config.schema import Settings
from charbert.files import locked
from charbert.records import ResultRecord, read_record, settings_key
from charbert.runs.keys import encoder_identity, finetuning_identity, recognizer_identity, trunk_identity
from charbert.training.distributed.processes import from_first, refuse_several

_SHARED_KINDS = ("trunk", "pretrain", "word_recognizer", "finetune")
"""Kinds of cells that several processes make together."""


class Run:
    """One run's name, key and folders.

    Args:
        settings: the experiment's settings.
        kind: trunk, pretrain, word_recognizer, finetune, fold, baseline, ensemble, perplexity or analysis; the W&B
            job type.
        parts: words of the name, e.g. task, model, seed.
        identity: what the key is a hash of.
    """

    def __init__(self, settings: Settings, kind: str, parts: list[str], identity: Mapping[str, Any]) -> None:
        self.kind = kind
        self.key = settings_key(identity)
        self.name = "-".join(_slug(part) for part in parts)
        self.folder = Path(settings.paths.outputs) / kind / f"{self.name}-{self.key}"
        """Weights and checkpoints; may be deleted."""
        self._lock = Path(settings.paths.outputs) / "locks" / f"{kind}-{self.folder.name}.lock"
        self.record_path = Path(settings.paths.results) / "records" / f"{self.name}-{self.key}" / "record.json"
        """The result; worth keeping."""

    @property
    def model_folder(self) -> Path:
        """Where the trained model is saved."""
        return self.folder / "model"

    @property
    def checkpoints_folder(self) -> Path:
        """Where an interrupted training continues from; gone when it is finished."""
        return self.folder / "checkpoints"

    @property
    def preparation_folder(self) -> Path:
        """Where lies what was done to the training examples, if anything was."""
        return self.folder / "preparation"

    def predictions_path(self, name: str) -> Path:
        """Where the predictions on a version of the test set are saved: clean, or the attack's name."""
        return self.folder / "predictions" / f"{name}.jsonl"

    def finished(self) -> ResultRecord | None:
        """Return the record when the run is finished, else None."""
        return read_record(self.record_path) if self.record_path.exists() else None

    def make_once(self, make: Callable[[], object], is_made: Callable[[], bool] | None = None) -> None:
        """Make what the cell holds unless it is there; another run that is making it is waited for.

        Processes that train together make it together: the first looks, and waits for other runs.

        Args:
            make: makes it.
            is_made: whether it is there; None: `is_complete`.

        Raises:
            SettingsError: if there are several processes, and it is not of a kind that they can make.
        """
        is_made = is_made or self.is_complete
        with ExitStack() as stack:

            def must_be_made() -> bool:
                if is_made():
                    self.drop_checkpoints()  # of a run that was killed with its record just written
                    return False
                stack.enter_context(locked(self._lock, f"making {self.name}"))
                return not is_made()

            if not from_first(must_be_made):
                return
            self.check_processes()
            make()

    def drop_checkpoints(self) -> None:
        """Delete the checkpoints of a run that is finished."""
        shutil.rmtree(self.checkpoints_folder, ignore_errors=True)

    def check_processes(self) -> None:
        """Check that as many processes as there are can make the cell.

        Raises:
            SettingsError: if there are several, and it is not of a kind that is trained in several.
        """
        if self.kind not in _SHARED_KINDS:
            refuse_several(f"making {self.name}")

    def is_complete(self) -> bool:
        """Return whether the run is finished and its model still there."""
        return self.finished() is not None and self.model_folder.is_dir()


def trunk_run(settings: Settings) -> Run:
    """Return the cell of a trunk pretrained from scratch."""
    parts = ["trunk", settings.trunk.name, f"s{settings.pretraining_seed}"]
    return Run(settings, "trunk", parts, trunk_identity(settings))


def pretraining_run(settings: Settings) -> Run:
    """Return the cell of the pretrained encoder."""
    parts = ["pretrain", settings.model.name, settings.trunk.name, f"s{settings.pretraining_seed}"]
    return Run(settings, "pretrain", parts, encoder_identity(settings))


def recognizer_run(settings: Settings) -> Run:
    """Return the cell of the word recogniser of the task's words."""
    parts = ["wordrec", settings.task.name, f"s{settings.pretraining_seed}"]
    return Run(settings, "word_recognizer", parts, recognizer_identity(settings, background=False))


def background_recognizer_run(settings: Settings) -> Run:
    """Return the cell of the word recogniser of the pretraining text's words."""
    parts = ["wordrec", "background", f"s{settings.pretraining_seed}"]
    return Run(settings, "word_recognizer", parts, recognizer_identity(settings, background=True))


def finetuning_run(settings: Settings) -> Run:
    """Return the cell of the fine-tuned, attacked and scored model, or of the models of all folds together."""
    if settings.task.name in settings.data.sets:
        settings = of_all_folds(settings)
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}"]
    kind = "finetune" if settings.model.baseline.kind is BaselineKind.none else "baseline"
    return Run(settings, kind, parts, finetuning_identity(settings))


def fold_run(settings: Settings) -> Run:
    """Return the cell of the model of one fold, see `with_fold`."""
    fold = _folds(settings).fold
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}", f"fold{fold}"]
    return Run(settings, "fold", parts, finetuning_identity(settings))


def with_fold(settings: Settings, fold: int) -> Settings:
    """Return the settings of one fold of the task's set, the same however many others are run."""
    return _with_folds(settings, replace(_folds(settings), fold=fold, run_first=0))


def of_all_folds(settings: Settings) -> Settings:
    """Return the settings that all folds of the task's set have in common, and how many of them are run."""
    return _with_folds(settings, replace(_folds(settings), fold=0))


def _folds(settings: Settings) -> FoldSettings:
    return settings.data.sets[settings.task.name].folds


def _with_folds(settings: Settings, folds: FoldSettings) -> Settings:
    chosen = replace(settings.data.sets[settings.task.name], folds=folds)
    return replace(settings, data=replace(settings.data, sets={**settings.data.sets, settings.task.name: chosen}))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
