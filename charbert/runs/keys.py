"""What identifies a result: the settings that can change its numbers, and no others.

Folders, tracking, logging and the number of workers cannot, so a result is found again wherever it is asked for. A
run's key is a hash of what these functions return; see `charbert.runs.run`.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from operator import attrgetter
from pathlib import Path
from typing import Any

from charbert.config.data.preparation import ClassWeights
from charbert.config.identity import identity_values
from charbert.config.model.encoder import Objective, TrunkSource
from charbert.config.model.word_recognizer import Backoff
from charbert.config.schema import Settings
from charbert.config.training.robust_training import RobustMethod
from charbert.data.readers.lines import suffix_of
from charbert.errors import DataError
from charbert.records import file_checksum
from charbert.runs.released_files import pretrained_identity, released_identity, words_identity
from charbert.runs.teachers import teacher_identity

STORED_NAMES: dict[str, str] = {
    "compression.eval_sets": "versions",
    "distillation.run": "cell",
    "model.baseline.C": "strength",
}
"""Setting, as ``section.name`` -> the name under which it is in keys: the one it had when results were first recorded.
A setting that is renamed later is added here, which keeps the keys of all records."""
_TRAININGS_IN_BF16 = ("pretraining", "finetuning", "model.recognizer.background_training")
_TRAININGS_IN_FP32 = ("trunk.pretraining", "model.recognizer.training", "analysis.tagger.training")
STORED_VALUES: dict[str, dict[str, str]] = {
    "robust_training.method": {"consistency": "self_teaching"},
    # In keys auto is what the first records were computed in, whatever it chooses on the machine at hand.
    **{f"{path}.precision": {"auto": "bf16"} for path in _TRAININGS_IN_BF16},
    **{f"{path}.precision": {"auto": "fp32"} for path in _TRAININGS_IN_FP32},
}
"""Setting -> value of today (of an enum, its name) -> the value that is in keys."""

_WITHOUT_EFFECT = ("num_workers", "log_every", "eval_batch_size", "checkpoints")
_NOT_OF_ENCODER = ("name", "head_channels", "recognizer", "dictionary", "own_noise", "released", "released_char_vocab")
_READ_OTHERWISE = ("word_shapes", "lower_case_chars")
"""Settings of what a model reads besides its weights."""
_TEACHER = ("teacher", "cell")
_READING = "epochs_factor"
_NOISY = "noisy"
_FORMS = (".csv", ".jsonl", ".ndjson", ".parquet")
"""Suffixes of files that would be read otherwise under another name."""
_FINETUNING_SECTIONS = ("preparation", "strategy", "distillation", "robust_training")
"""Sections of the settings that change how a model is fine-tuned, and count where they are not at their defaults."""


def section_identity(settings: Settings, path: str, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return what a section of the settings adds to keys, see `identity_values`, in the spelling of `STORED_NAMES`.

    Args:
        path: of the section, as ``model.baseline``.
        without: names, as they are in keys, that are left out.
    """
    values = _as_stored(identity_values(attrgetter(path)(settings)), path)
    return {name: value for name, value in values.items() if name not in without}


def stored_name(path: str) -> str:
    """Return the name in keys of a setting, as ``compression.eval_sets``."""
    return STORED_NAMES.get(path, path.rpartition(".")[2])


def _as_stored(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    stored = {}
    for name, value in values.items():
        setting = f"{path}.{name}"
        if isinstance(value, Mapping):
            value = _as_stored(value, setting)
        elif setting in STORED_VALUES:
            value = STORED_VALUES[setting].get(value.name if isinstance(value, Enum) else value, value)
        stored[stored_name(setting)] = value
    return stored


def training_identity(settings: Settings, path: str) -> dict[str, Any]:
    """Return what a section of training settings, as ``trunk.pretraining``, adds to keys."""
    return section_identity(settings, path, without=_WITHOUT_EFFECT)


def text_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the pretraining text."""
    corpus = section_identity(settings, "corpus", without=_WITHOUT_EFFECT)
    return {"corpus": corpus, "files": section_identity(settings, "data.corpus")} | newswire_identity(settings)


def newswire_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the generated newswire, nothing where the data are not generated."""
    return {"newswire": section_identity(settings, "newswire")} if settings.data.generated else {}


def trunk_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the trunk's weights."""
    trunk = section_identity(settings, "trunk")
    if settings.trunk.source is not TrunkSource.scratch:
        return {name: trunk[name] for name in ("source", "location", "sha256")}
    trunk["pretraining"] = training_identity(settings, "trunk.pretraining")
    return {**trunk, "text": text_identity(settings), "seed": settings.pretraining_seed}


def encoder_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the encoder that fine-tuning starts from."""
    reading = {name: True for name in _READ_OTHERWISE if getattr(settings.model, name)}
    if settings.model.released:
        return {"released": released_identity(settings.model)}
    if settings.model.pretrained:
        return {"pretrained": pretrained_identity(settings.model)} | reading
    identity: dict[str, Any] = {"trunk": trunk_identity(settings)} | reading
    is_pretrained = settings.model.objective is not Objective.none
    if settings.model.has_char_channel or is_pretrained:
        model = section_identity(settings, "model", without=_NOT_OF_ENCODER)
        identity |= {"model": model, "text": text_identity(settings)}
    if is_pretrained:
        identity |= {
            "noise": section_identity(settings, "noise"),
            "pretraining": training_identity(settings, "pretraining"),
            "seed": settings.pretraining_seed,
        }
    return identity


def task_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the task; its length counts as one of fine-tuning."""
    return section_identity(settings, "task", without=("max_length",))


def files_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the task's files: their names, and the contents of a user's own, which change.

    How often fine-tuning reads them is left to `reading_identity`, noisy copies, which no model is scored on when it is
    made, to `noisy_identity`.

    Raises:
        DataError: if a file of the user's own cannot be read.
    """
    files = settings.data.sets[settings.task.name]
    identity = {name: value for name, value in identity_values(files).items() if name not in (_READING, _NOISY)}
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


def noisy_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the noisy copies of the task's sets, by their names."""
    copies = settings.data.sets[settings.task.name].noisy
    return {
        name: {"operations": _content(copy.operations, f"noisy.{name}.operations"), "split": copy.split}
        for name, copy in copies.items()
    }


def _content(name: str, field: str) -> str:
    """Return the checksum of a file, with a suffix that decides how it is read, or the name of a split on the hub."""
    if not Path(name).is_absolute():
        return name
    if not Path(name).is_file():
        hint = "paths of your own files start at the working folder"
        found = "a folder" if Path(name).is_dir() else "no such file"
        raise DataError.at(name, None, expected=f"the file of data.own.{field}", found=found, hint=hint)
    form = suffix_of(name)
    return file_checksum(name) + (form if form in _FORMS else "")


def examples_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the task and its examples."""
    return {"task": task_identity(settings), "files": files_identity(settings)} | newswire_identity(settings)


def finetuning_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies a fine-tuned model, or a baseline, and its scores, clean and attacked."""
    identity = examples_identity(settings) | {"attack": section_identity(settings, "attack"), "seed": settings.seed}
    if settings.model.is_baseline:  # has no trunk, and nothing of fine-tuning
        identity["baseline"] = section_identity(settings, "model.baseline")
        return identity | _preparation(settings)
    identity |= {
        "encoder": encoder_identity(settings),
        "head_channels": settings.model.head_channels,
        "finetuning": training_identity(settings, "finetuning") | {"max_length": settings.finetuning_length},
    }
    if settings.model.recognizer.enabled:
        identity["recognizer"] = corrector_identity(settings)
    if settings.model.dictionary.enabled:
        identity["dictionary"] = repair_identity(settings)
    return identity | reading_identity(settings) | finetuning_choices(settings)


def finetuning_choices(settings: Settings) -> dict[str, Any]:
    """Return how fine-tuning differs from the usual one, by section; a teacher counts by its weights, not its path."""
    chosen = _changed_sections(settings, *_FINETUNING_SECTIONS)
    if settings.distillation.enabled:
        distillation = section_identity(settings, "distillation", without=_TEACHER)
        chosen["distillation"] = distillation | teacher_identity(settings)
    return chosen


def _preparation(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return how the training examples are changed, nothing where they are not."""
    return _changed_sections(settings, "preparation") if settings.preparation.steps else {}


def _changed_sections(settings: Settings, *names: str) -> dict[str, dict[str, Any]]:
    """Return the `section_identity` of those sections that are in use and not all at their defaults."""
    sections = {name: getattr(settings, name) for name in names}
    in_use = {
        "preparation": bool(settings.preparation.steps) or settings.preparation.class_weights is not ClassWeights.none,
        "robust_training": settings.robust_training.method is not RobustMethod.none,
    }
    return {
        name: section_identity(settings, name)
        for name, section in sections.items()
        if in_use.get(name, True) and section != type(section)()
    }


def corrector_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the word corrector in front of a model, and what it corrects."""
    chosen = settings.model.recognizer
    identity = {name: getattr(chosen, name) for name in ("backoff", "keep_case", "correct_training")}
    identity["task"] = recognizer_identity(settings, background=False)
    if chosen.backoff is Backoff.background:
        identity["background"] = recognizer_identity(settings, background=True)
    return identity


def repair_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the dictionary in front of a model: its words, and when it corrects."""
    rules = section_identity(settings, "model.dictionary", without=("words",))
    if settings.model.dictionary.words:
        return rules | {"words": words_identity(settings.model)}
    return rules | dictionary_identity(settings)


def dictionary_identity(settings: Settings) -> dict[str, Any]:
    """Return what identifies the words and pairs of the pretraining text that a dictionary holds, and their counts.

    The whole text is counted, so that the limits of ``corpus`` do not matter.
    """
    chosen = settings.model.dictionary
    text: dict[str, Any] = {"size": chosen.size, "text": settings.data.corpus.train}
    text |= {name: value for name in ("pairs", "capitals_of_text") if (value := getattr(chosen, name))}
    return text | newswire_identity(settings)


def recognizer_identity(settings: Settings, *, background: bool) -> dict[str, Any]:
    """Return what identifies the word recognizer of the task, or the one of the pretraining text."""
    chosen = settings.model.recognizer
    fields = ("hidden_size", "char_vocab_size", "max_words", "noise_probability", "edits", "min_word_length")
    identity = {name: getattr(chosen, name) for name in fields} | {"seed": settings.pretraining_seed}
    if background:
        return identity | {
            "vocab_size": chosen.background_vocab_size,
            "training": training_identity(settings, "model.recognizer.background_training"),
            "text": text_identity(settings),
        }
    identity |= {"vocab_size": chosen.vocab_size, "training": training_identity(settings, "model.recognizer.training")}
    return identity | examples_identity(settings) | _preparation(settings)
