"""The configuration of a saved model, with sizes that can be built and nothing that names code."""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from charbert.config.checks import check_sizes
from charbert.errors import CharBertError, CheckpointError, first_line

_ATTENTION = ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")
_MAX_DEPTH = 20
"""Nesting of a configuration's values; ours have 4 levels."""


@contextmanager
def readable(where: str | Path, expected: str) -> Iterator[None]:
    """Report whatever a library raises for a damaged file as one error.

    Args:
        where: file, folder or hub name.

    Raises:
        CheckpointError: with the first line of the library's message.
    """
    try:
        yield
    except CharBertError as error:
        if str(where) in str(error):
            raise
        raise CheckpointError(f"{where}: expected {expected}, got {error}") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{where}: expected weights of tensors alone, got a file with other objects "
            f"({first_line(error)}); nothing of it was loaded; load only files that you trust"
        ) from error
    except BaseException as error:  # a damaged file can raise anything, and a panic of tokenizers is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise CheckpointError(f"{where}: expected {expected}, got {first_line(error)}") from error


def read_config(where: str | Path, **options: Any) -> PreTrainedConfig:
    """Return the configuration of a saved model.

    The attention implementation is the library's default: a file could name a kernel to download. Labels are in the
    order of their numbers, whatever the order of the file, since some programs sort "10" before "2".

    Args:
        where: folder or hub name.
        **options: of ``AutoConfig.from_pretrained``.

    Raises:
        CheckpointError: if there is none, it is damaged, describes a model with its own code, or a size is out of
            bounds.
    """
    path = Path(where) / "config.json"
    with readable(path if Path(where).is_dir() else where, "the configuration of a model"):
        values, _ = PreTrainedConfig.get_config_dict(where, **options)
        checked_values(values)
        config: PreTrainedConfig = AutoConfig.from_pretrained(where, trust_remote_code=False, **options)
        names = config.architectures or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CheckpointError(f"architectures={names}")
    config._attn_implementation = None
    if config.id2label:
        config.id2label = dict(sorted(config.id2label.items()))
    return config


def checked_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a configuration file without its attention implementation.

    Raises:
        SettingsError: if a size is out of bounds.
        CheckpointError: if the values are nested too deeply or ask for quantized weights, whose kernels a library
            would download.
    """
    checked = _without_attention(values, 0)
    if checked.get("quantization_config") is not None:
        raise CheckpointError("quantization_config, and quantized weights are read only as an exported model")
    check_sizes(checked)
    return checked


def _without_attention(values: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise CheckpointError(f"values nested more than {_MAX_DEPTH} levels deep")
    return {
        name: _without_attention(value, depth + 1) if isinstance(value, Mapping) else value
        for name, value in values.items()
        if name not in _ATTENTION
    }
