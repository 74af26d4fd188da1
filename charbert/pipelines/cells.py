"""A cell is one finished run; what identifies it, and where its record and its weights lie.

A cell's key is a hash of the settings that can change its numbers. Folders, tracking, logging and the number of
workers cannot, so a cell is found again wherever and however it is asked for.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from charbert.config.baselines import BaselineKind
from charbert.config.identity import changed_sections, identity_values
from charbert.config.model import CharEncoder, Objective, TrunkSource
from charbert.config.schema import Settings
from charbert.config.training import TrainingSettings
from charbert.config.word_recognizer import Backoff
from charbert.errors import DataError
from charbert.files import locked
from charbert.pipelines.released_files import released_identity
from charbert.pipelines.teachers import teacher_identity
from charbert.records import ResultRecord, file_checksum, read_record, settings_key
from charbert.training.processes import from_first, refuse_several

_WITHOUT_EFFECT = ("num_workers", "log_every", "eval_batch_size", "checkpoints")
_HEAD_ONLY = ("name", "head_channels", "recognizer")
_RELEASED = ("released", "released_char_vocab")
_TEACHER = ("teacher", "cell")
_SHARED_KINDS = ("trunk", "pretrain", "word_recognizer", "finetune")
"""Kinds of cells that several processes make together."""
_FINETUNING_SECTIONS: tuple[str, ...] = ("preparation", "strategy", "distillation", "robust_training")
"""Sections of the settings that change how a model is fine-tuned, and count where they are not at their defaults."""


def training_identity(settings: TrainingSettings) -> dict[str, Any]:
    """Return the training settings that can change a result."""
    return {name: value for name, value in identity_values(settings).items() if name not in _WITHOUT_EFFECT}


def text_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the pretraining text."""
    corpus = {name: value for name, value in identity_values(settings.corpus).items() if name not in _WITHOUT_EFFECT}
    text: dict[str, Any] = {"corpus": corpus, "files": identity_values(settings.data.corpus)}
    if settings.data.generated:
        text["newswire"] = identity_values(settings.newswire)
    return text


def trunk_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the trunk's weights."""
    trunk = identity_values(settings.trunk)
    if settings.trunk.source is not TrunkSource.scratch:
        return {name: trunk[name] for name in ("source", "location", "sha256")}
    trunk["pretraining"] = training_identity(settings.trunk.pretraining)
    return {**trunk, "text": text_identity(settings), "seed": settings.pretraining_seed}


def encoder_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the encoder that fine-tuning starts from."""
    if settings.model.released:
        return {"released": released_identity(settings.model)}
    identity: dict[str, Any] = {"trunk": trunk_identity(settings)}
    if settings.model.char_encoder is not CharEncoder.none or settings.model.objective is not Objective.none:
        model = {
            name: value for name, value in identity_values(settings.model).items() if name not in _HEAD_ONLY + _RELEASED
        }
        identity |= {"model": model, "text": text_identity(settings)}
    if settings.model.objective is not Objective.none:
        identity |= {
            "noise": identity_values(settings.noise),
            "pretraining": training_identity(settings.pretraining),
            "seed": settings.pretraining_seed,
        }
    return identity


def task_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the task; its length counts as one of fine-tuning."""
    return {name: value for name, value in identity_values(settings.task).items() if name != "max_length"}


def files_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the task's files: their names, and of a user's own, which change, what is in them.

    Raises:
        DataError: if a file of the user's own cannot be read.
    """
    files = settings.data.sets[settings.task.name]
    identity = identity_values(files)
    if not settings.data.has_own_files:
        return identity
    contents: dict[str, Any] = {split: _content(getattr(files, split), split) for split in ("train", "dev", "test")}
    contents["attacked"] = {name: _content(path, f"attacked.{name}") for name, path in files.attacked.items()}
    contents["folds"] = identity["folds"] | {"articles": _content(files.folds.articles, "folds.articles")}
    return identity | contents


def _content(name: str, field: str) -> str:
    """Return the checksum of a file, or the name of a split on the hub."""
    if not Path(name).is_absolute():
        return name
    if not Path(name).is_file():
        hint = "paths of your own files start at the working folder"
        raise DataError.at(name, None, expected=f"the file of data.own.{field}", found="no such file", hint=hint)
    return file_checksum(name)


def finetuning_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies a fine-tuned and attacked cell."""
    if settings.model.baseline.kind is not BaselineKind.none:
        return baseline_identity(settings)
    identity = {
        "encoder": encoder_identity(settings),
        "head_channels": settings.model.head_channels,
        "task": task_identity(settings),
        "files": files_identity(settings),
        "finetuning": training_identity(settings.finetuning) | {"max_length": settings.finetuning_length},
        "attack": identity_values(settings.attack),
        "seed": settings.seed,
    }
    if settings.data.generated:
        identity["newswire"] = identity_values(settings.newswire)
    if settings.model.recognizer.enabled:
        identity["recognizer"] = corrector_identity(settings)
    return identity | finetuning_choices(settings)


def baseline_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies a baseline, which neither a trunk nor training settings can change."""
    identity = {
        "baseline": identity_values(settings.model.baseline),
        "task": task_identity(settings),
        "files": files_identity(settings),
        "attack": identity_values(settings.attack),
        "seed": settings.seed,
    }
    return identity | ({"newswire": identity_values(settings.newswire)} if settings.data.generated else {})


def finetuning_choices(settings: Settings) -> dict[str, Any]:
    """Return how fine-tuning differs from the usual one, by section; a teacher counts as what it is, not where."""
    chosen = changed_sections(settings, _FINETUNING_SECTIONS)
    if settings.distillation.enabled:
        named = chosen["distillation"]
        chosen["distillation"] = {k: v for k, v in named.items() if k not in _TEACHER} | teacher_identity(settings)
    return chosen


def corrector_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the corrector in front of a model, and what it corrects."""
    chosen = settings.model.recognizer
    identity = {name: getattr(chosen, name) for name in ("backoff", "keep_case", "correct_training")}
    identity["task"] = recognizer_identity(settings, background=False)
    if chosen.backoff is Backoff.background:
        identity["background"] = recognizer_identity(settings, background=True)
    return identity


def recognizer_identity(settings: Settings, *, background: bool) -> dict[str, Any]:
    """Return what identifies the word recogniser of the task, or the one of the pretraining text."""
    chosen = settings.model.recognizer
    fields = ("hidden_size", "char_vocab_size", "max_words", "noise_probability", "edits", "min_word_length")
    identity = {name: getattr(chosen, name) for name in fields} | {"seed": settings.pretraining_seed}
    if background:
        return identity | {
            "vocab_size": chosen.background_vocab_size,
            "training": training_identity(chosen.background_training),
            "text": text_identity(settings),
        }
    identity |= {
        "vocab_size": chosen.vocab_size,
        "training": training_identity(chosen.training),
        "task": task_identity(settings),
        "files": files_identity(settings),
    }
    if settings.data.generated:
        identity["newswire"] = identity_values(settings.newswire)
    return identity


class Cell:
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


def trunk_cell(settings: Settings) -> Cell:
    """Return the cell of a trunk pretrained from scratch."""
    parts = ["trunk", settings.trunk.name, f"s{settings.pretraining_seed}"]
    return Cell(settings, "trunk", parts, trunk_identity(settings))


def pretraining_cell(settings: Settings) -> Cell:
    """Return the cell of the pretrained encoder."""
    parts = ["pretrain", settings.model.name, settings.trunk.name, f"s{settings.pretraining_seed}"]
    return Cell(settings, "pretrain", parts, encoder_identity(settings))


def recognizer_cell(settings: Settings) -> Cell:
    """Return the cell of the word recogniser of the task's words."""
    parts = ["wordrec", settings.task.name, f"s{settings.pretraining_seed}"]
    return Cell(settings, "word_recognizer", parts, recognizer_identity(settings, background=False))


def background_recognizer_cell(settings: Settings) -> Cell:
    """Return the cell of the word recogniser of the pretraining text's words."""
    parts = ["wordrec", "background", f"s{settings.pretraining_seed}"]
    return Cell(settings, "word_recognizer", parts, recognizer_identity(settings, background=True))


def finetuning_cell(settings: Settings) -> Cell:
    """Return the cell of the fine-tuned, attacked and scored model, or of the models of all folds together."""
    if settings.task.name in settings.data.sets:
        settings = with_fold(settings, 0)
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}"]
    kind = "finetune" if settings.model.baseline.kind is BaselineKind.none else "baseline"
    return Cell(settings, kind, parts, finetuning_identity(settings))


def fold_cell(settings: Settings) -> Cell:
    """Return the cell of the model of one fold, see `with_fold`."""
    fold = settings.data.sets[settings.task.name].folds.fold
    parts = [settings.task.name, settings.model.name, f"s{settings.seed}", f"fold{fold}"]
    return Cell(settings, "fold", parts, finetuning_identity(settings))


def with_fold(settings: Settings, fold: int) -> Settings:
    """Return the settings of one fold of the task's set."""
    files = settings.data.sets[settings.task.name]
    chosen = replace(files, folds=replace(files.folds, fold=fold))
    return replace(settings, data=replace(settings.data, sets={**settings.data.sets, settings.task.name: chosen}))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
