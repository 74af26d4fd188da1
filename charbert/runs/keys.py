"""What identifies a result: the settings that can change its numbers, and no others.

Folders, tracking, logging and the number of workers cannot, so a result is found again wherever and however it is asked
for. A cell's key is a hash of what these functions return; see `charbert.runs.run`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from charbert.config.identity import changed_sections, identity_values
from charbert.config.model.classical import BaselineKind
from charbert.config.model.encoder import CharEncoder, Objective, TrunkSource
from charbert.config.model.word_recognizer import Backoff
from charbert.config.schema import Settings
from charbert.config.training.trainer import TrainingSettings
from charbert.errors import DataError
from charbert.records import file_checksum
from charbert.runs.released_files import pretrained_identity, released_identity
from charbert.runs.teachers import teacher_identity

_WITHOUT_EFFECT = ("num_workers", "log_every", "eval_batch_size", "checkpoints")
_HEAD_ONLY = ("name", "head_channels", "recognizer", "own_noise")
_RELEASED = ("released", "released_char_vocab")
_TEACHER = ("teacher", "run")
_READING = "epochs_factor"
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
    if settings.model.pretrained:
        return {"pretrained": pretrained_identity(settings.model)}
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

    How often they are read is no matter of the files; see `reading_identity`.

    Raises:
        DataError: if a file of the user's own cannot be read.
    """
    files = settings.data.sets[settings.task.name]
    identity = {name: value for name, value in identity_values(files).items() if name != _READING}
    if not settings.data.has_own_files:
        return identity
    contents: dict[str, Any] = {split: _content(getattr(files, split), split) for split in ("train", "dev", "test")}
    contents["attacked"] = {name: _content(path, f"attacked.{name}") for name, path in files.attacked.items()}
    contents["folds"] = identity["folds"] | {"articles": _content(files.folds.articles, "folds.articles")}
    return identity | contents


def reading_identity(settings: Settings) -> dict[str, Any]:
    """Return how often fine-tuning reads the task's set, where that is not as often as the others."""
    files = identity_values(settings.data.sets[settings.task.name])
    return {_READING: files[_READING]} if _READING in files else {}


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
    return identity | reading_identity(settings) | finetuning_choices(settings)


def baseline_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies a baseline: its examples and settings, no trunk and nothing of fine-tuning."""
    identity = {
        "baseline": identity_values(settings.model.baseline),
        "task": task_identity(settings),
        "files": files_identity(settings),
        "attack": identity_values(settings.attack),
        "seed": settings.seed,
    }
    if settings.preparation.steps:
        identity |= changed_sections(settings, ("preparation",))
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
