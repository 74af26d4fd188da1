"""The settings of a `charbert.model.tokenization.CharBertTokenizer`: what it takes from a trunk's, and their checks."""

from typing import Any

from charbert.errors import SettingsError
from charbert.text.char_vocab import CharVocab
from charbert.text.released_alignment import RELEASED_RULES
from charbert.text.word_spaces import with_word_spaces

MODES = ("paper", "released")
MAX_ROW_LENGTH = 100_000
"""Most positions of a padded row; the authors' models have 512."""
_OF_TRUNK = (
    "model_input_names",
    "model_max_length",
    "padding_side",
    "truncation_side",
    "clean_up_tokenization_spaces",
    "split_special_tokens",
    "extra_special_tokens",
    "name_or_path",
)
"""Attributes taken over from the trunk's tokenizer, besides its special tokens."""


def copy_options(tokenizer: Any, *, word_spaces: bool) -> dict[str, Any]:
    """Return the options that build a copy of a trunk's tokenizer.

    Raises:
        SettingsError: if it is not fast.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise SettingsError(
            f"CharBertTokenizer needs a fast tokenizer, since characters come from its offsets, got "
            f"{type(tokenizer).__name__}"
        )
    if word_spaces:
        tokenizer = with_word_spaces(tokenizer)
    copied = {name: getattr(tokenizer, name) for name in _OF_TRUNK}
    return {"tokenizer_object": tokenizer.backend_tokenizer, **tokenizer.special_tokens_map, **copied}


def check_settings(char_vocab: Any, mode: Any, script: Any, row_length: Any) -> None:
    """Check arguments of a tokenizer, see there.

    Raises:
        SettingsError: if one has another type or value, or they do not fit each other.
    """
    if mode not in MODES:
        raise SettingsError(f"tokenizer mode must be one of {list(MODES)}, got {mode!r}")
    if script not in list(RELEASED_RULES):
        raise SettingsError(f"tokenizer script must be one of {list(RELEASED_RULES)}, got {script!r}")
    fits = type(row_length) is int and 1 <= row_length <= MAX_ROW_LENGTH
    if row_length is not None and (mode != "released" or not fits):
        raise SettingsError(
            f"tokenizer row_length={str(row_length)[:20]} needs mode='released' and a number in [1, {MAX_ROW_LENGTH}]"
        )
    if not isinstance(char_vocab, CharVocab | None):
        raise SettingsError(
            f"char_vocab must be a CharVocab or None, got {type(char_vocab).__name__}; "
            "a configuration's char_vocab is read by CharVocab.from_dict"
        )
    if (
        mode == "paper"
        and char_vocab is not None
        and char_vocab.pad_id in (char_vocab.separator_id, char_vocab.special_id, char_vocab.unk_id)
    ):
        raise SettingsError(
            f"mode='paper' needs a character vocabulary whose pad_id ({char_vocab.pad_id}) means padding "
            "only; build one with CharVocab.build, or use mode='released' with the authors' vocabulary"
        )
