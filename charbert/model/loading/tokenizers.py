"""The tokenizer of a saved model or trunk, whole and fitting its embeddings."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedConfig, PreTrainedTokenizerBase
from transformers.models.auto.tokenization_auto import get_tokenizer_config, tokenizer_class_from_name
from transformers.utils import cached_file

from charbert.errors import CheckpointError
from charbert.model.loading.configurations import read_config, readable
from charbert.text.repair.repaired import REPAIR_FILE, Corrector

_HUB = ("revision", "cache_dir", "token", "local_files_only")
EARLIER_SETTINGS = "charbert_processor.json"
"""Held the settings beside the files of the trunk's own tokenizer class, before they were in tokenizer_config.json."""


def load_tokenizer(where: str | Path, **options: Any) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a folder or hub name, after checking it against the configuration beside it.

    Args:
        where: folder or hub name; a folder may hold a tokenizer without a model.
        **options: of ``AutoTokenizer.from_pretrained``.

    Raises:
        CheckpointError: if it cannot be read, has no vocabulary, or has ids beyond the model's embeddings.
    """
    if not Path(where).is_dir():
        read_config(where, **{name: options[name] for name in _HUB if name in options})  # refuses code of its own
    with readable(where, "a tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(where, **{"trust_remote_code": False, **options})
    check_fits(tokenizer, Path(where, options.get("subfolder") or ""))
    return tokenizer


def check_fits(tokenizer: PreTrainedTokenizerBase, where: str | Path) -> PreTrainedConfig | None:
    """Check that a tokenizer has a vocabulary, and an embedding for each id in the model beside it, if there is one.

    Returns:
        The configuration of this model.

    Raises:
        CheckpointError: if it has no vocabulary, or an id without an embedding.
    """
    # the library makes one of special tokens where the file is missing
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise CheckpointError(
            f"{where}: expected a tokenizer with a vocabulary, got one of {len(tokenizer)} special tokens; "
            "is tokenizer.json missing?"
        )
    in_package = __name__.startswith("charbert.")  # as code of a model's folder it is not asked for trust again
    if in_package and (Path(where) / "config.json").is_file():
        config = read_config(where)
        check_vocabulary(tokenizer, config, where)
        return config
    return None


def check_vocabulary(tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, where: str | Path) -> None:
    """Check that each id of a tokenizer has an embedding, and that its characters are those of the model.

    Raises:
        CheckpointError: if an id has none, or the characters differ.
    """
    needed, rows = max(tokenizer.get_vocab().values()) + 1, getattr(config, "vocab_size", None)
    if rows is not None and needed > rows:
        raise CheckpointError(
            f"{where}: expected a tokenizer of at most {rows} entries (the vocab_size of its model), got {needed}; "
            "the tokenizer is that of another model, or tokens were added to it alone; to add tokens, load it without "
            "them, then call its add_tokens and resize_token_embeddings of the model"
        )
    characters, own = getattr(tokenizer, "char_vocab", None), getattr(config, "char_vocab", None)
    if characters is not None and own is not None and {**characters.to_dict(), **own} != characters.to_dict():
        raise CheckpointError(
            f"{where}: expected the characters of char_vocab in config.json, got others in char_vocab.json; it is of "
            "another model"
        )


def load_repair(file: str | None) -> Corrector:
    """Return what corrects the words that a tokenizer reads, from the file that was saved with it.

    Raises:
        CheckpointError: if there is no file or it is damaged, or the package is not installed: it is no part of the
            code that a model's own folder may hold.
    """
    if file is None:
        raise CheckpointError(f"expected the file {REPAIR_FILE}, which was saved with the tokenizer, found none")
    try:
        correction = import_module("charbert.text.repair.correction")
    except ImportError:
        raise CheckpointError(
            f"{file}: the tokenizer corrects words before the model reads them, which needs the package charbert, and "
            "it is not installed"
        ) from None
    corrector: Corrector = correction.DictionaryCorrector.load(Path(file).parent)
    return corrector


def earlier_settings(where: str, options: Mapping[str, Any], own: type[PreTrainedTokenizerBase]) -> dict[str, Any]:
    """Return the settings of a folder that was saved in another form: as a processor's, or by a trunk's own class.

    Args:
        where: folder or hub name.
        options: of ``from_pretrained``.
        own: the class that loads it; what was saved by it needs none.
    """
    hub = {name: options[name] for name in (*_HUB, "subfolder") if name in options}
    saved_class = get_tokenizer_config(where, **hub).get("tokenizer_class")
    if saved_class == own.__name__:
        return {}
    trunk_class = tokenizer_class_from_name(saved_class) if saved_class else None
    names = getattr(trunk_class, "model_input_names", own.model_input_names)
    settings: dict[str, Any] = {"model_input_names": names, "has_char_vocab": False}
    file = cached_file(where, EARLIER_SETTINGS, _raise_exceptions_for_missing_entries=False, **hub)
    if file is not None:
        earlier = json.loads(Path(file).read_text(encoding="utf-8"))
        settings |= {name: earlier[name] for name in ("mode", "script", "has_char_vocab")}
        settings["row_length"] = earlier.get("row_length")
    return settings
