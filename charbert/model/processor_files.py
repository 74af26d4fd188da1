"""The files of a processor: its settings and its character vocabulary, beside the tokenizer's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers.utils import cached_file

from charbert.errors import CheckpointError

VOCAB_FILE = "char_vocab.json"
SETTINGS_FILE = "charbert_processor.json"
SETTINGS_VERSION = 1
MAX_ROW_LENGTH = 100_000
"""Most positions of a padded row; the authors' models have 512."""


def find_file(where: str, name: str, hub: dict[str, Any]) -> str:
    """Return the path of a processor's file in a folder or on the hub.

    Raises:
        CheckpointError: if there is none.
    """
    path = cached_file(where, name, _raise_exceptions_for_missing_entries=False, **hub)
    if path is None:
        raise CheckpointError(
            f"{where}: expected the file {name}; was it written by CharBertProcessor.save_pretrained?"
        )
    return path


def read_settings(where: str, hub: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a processor was saved with.

    Raises:
        CheckpointError: if they are missing, damaged or of another version.
    """
    path = find_file(where, SETTINGS_FILE, hub)
    try:
        settings = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: expected processor settings in JSON, got {error}") from None
    if not isinstance(settings, dict) or settings.get("version") != SETTINGS_VERSION:
        raise CheckpointError(f"{path}: expected processor settings of version {SETTINGS_VERSION}; save it again")
    if not {"mode", "script", "has_char_vocab"} <= set(settings):
        raise CheckpointError(f"{path}: expected mode, script and has_char_vocab, got {sorted(settings)}")
    row_length = settings.get("row_length")
    if row_length is not None and not (type(row_length) is int and 1 <= row_length <= MAX_ROW_LENGTH):
        raise CheckpointError(
            f"{path}: expected row_length in [1, {MAX_ROW_LENGTH}] or null, got {str(row_length)[:20]}"
        )
    for name, kind in (("mode", str), ("script", str), ("has_char_vocab", bool)):
        if not isinstance(settings[name], kind):
            raise CheckpointError(f"{path}: expected {name} of {kind.__name__}, got {type(settings[name]).__name__}")
    return settings
