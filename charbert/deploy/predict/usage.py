"""The file beside a fine-tuned model with what its weights and configuration do not say about using it."""

import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from charbert.config.training.trainer import TrainingSettings
from charbert.errors import CheckpointError
from charbert.files import write_atomically
from charbert.model.trunk import usable_positions
from charbert.tasks.catalog import HEADS
from charbert.tasks.head import Usage
from charbert.text.word_rule import WordRule

USAGE_FILE = "charbert_usage.json"
USAGE_VERSION = 1
_MAX_LENGTH = 1_000_000
"""Largest length, in subwords; every trunk has fewer positions."""


def write_usage(folder: Path, usage: Usage) -> None:
    """Write the file into a model's folder."""
    write_atomically(folder / USAGE_FILE, json.dumps({"version": USAGE_VERSION, **asdict(usage)}, indent=2) + "\n")


def read_usage(folder: Path, config: Any) -> Usage:
    """Return what the folder's file says, or where there is none what the model's configuration does.

    Raises:
        CheckpointError: if the file is damaged or has another version, or the model has none of the heads, or predicts
            numbers or several labels of a text.
    """
    path = folder / USAGE_FILE
    if not path.exists():
        return _derive_usage(folder, config)
    expected = f"usage of version {USAGE_VERSION} with {', '.join(field.name for field in fields(Usage))}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("version") != USAGE_VERSION:
            raise ValueError("another version")
        usage = Usage(**content)
        _check(usage)
        return usage
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: expected {expected}, got {error}; fine-tune the model again") from None


def _check(usage: Usage) -> None:
    """Raise ValueError for a value of another type or out of range."""
    for name, kind in get_type_hints(Usage).items():
        value: Any = getattr(usage, name)
        allowed: list[Any] = [get_origin(choice) or choice for choice in get_args(kind)] or [kind]
        allowed += [int] if kind is float else []
        is_allowed = isinstance(value, tuple(allowed)) and not (kind is int and isinstance(value, bool))
        if not is_allowed:
            raise ValueError(f"{name} of {type(value).__name__}")
        if kind is int and not 1 <= value <= _MAX_LENGTH:
            raise ValueError(f"{name}={value}, which is not in [1, {_MAX_LENGTH}]")
        if kind is float and not math.isfinite(value):
            raise ValueError(f"{name}={value}")
    WordRule.of(usage.words)
    if usage.head not in HEADS:
        raise ValueError(f"the head {usage.head!r}, which is none of {', '.join(HEADS)}")


def _derive_usage(folder: Path, config: Any) -> Usage:
    architecture = (config.architectures or ["none"])[0]
    heads = {head.model_class: name for name, head in HEADS.items()}
    if architecture not in heads:
        raise CheckpointError(
            f"{folder}: expected a model fine-tuned on a task ({', '.join(heads)}), got {architecture}; "
            "fine-tune it first, as with experiments/table2_robustness.py"
        )
    problem = getattr(config, "problem_type", None)
    if problem not in (None, "single_label_classification"):  # one label would be given, with a share of all of them
        expected = "a model that gives each text one label (problem_type=single_label_classification)"
        raise CheckpointError(
            f"{folder}: expected {expected}, got one for {problem}; predict with transformers.pipeline"
        )
    length = TrainingSettings().max_length
    return Usage(head=heads[architecture], max_length=min(length, usable_positions(config) or length))
