"""The space before a word: words given one by one get the subwords that they have in running text.

Byte-level and SentencePiece vocabularies have other subwords for a word after a space ("Ġvisited") than for the same
letters without one ("vis", "ited"). A tokenizer that adds no space of its own reads every word of a list as if it
continued the word before.
"""

import copy
import json
import logging
from typing import Any

from tokenizers import Tokenizer

log = logging.getLogger(__name__)

SPACE_MARKS = ("Ġ", "▁")
"""What a space before a word is in byte-level and SentencePiece vocabularies."""
_PROBE = ("a", "b")


def reads_words_as_text(tokenizer: Any) -> bool:
    """Return whether a fast tokenizer of transformers gives a list of words the subwords of the words in a text."""
    words = tokenizer(list(_PROBE), is_split_into_words=True, add_special_tokens=False)["input_ids"]
    return bool(words == tokenizer(" ".join(_PROBE), add_special_tokens=False)["input_ids"])


def with_word_spaces(tokenizer: Any) -> Any:
    """Return a tokenizer that reads a list of words as the text with one space between them.

    It adds the space before every word, before the first one as well, in lists and in texts (``add_prefix_space``, as
    transformers asks for it where words are tagged). This is saved with it. A tokenizer that reads words so already, as
    WordPiece does, is returned as it is; another one is copied.

    Args:
        tokenizer: a fast tokenizer of transformers.
    """
    if reads_words_as_text(tokenizer):
        return tokenizer
    changed = copy.deepcopy(tokenizer)
    backend = changed.backend_tokenizer
    spaced = Tokenizer.from_str(json.dumps(_with_spaces(json.loads(backend.to_str()))))
    for part in ("normalizer", "pre_tokenizer", "post_processor"):
        if getattr(spaced, part) is not None:
            setattr(backend, part, getattr(spaced, part))
    # RoBERTa's and GPT-2's classes build their pre-tokenizer from this argument again when they are loaded.
    changed.init_kwargs["add_prefix_space"] = changed.add_prefix_space = True
    if not reads_words_as_text(changed):
        log.warning(
            "%s splits a list of words otherwise than the same words in a text, and adding a space before each does "
            "not help: taggers read other subwords than the trunk was pretrained on",
            type(tokenizer).__name__,
        )
    return changed


def _with_spaces(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a tokenizer with a space before each word."""
    splitter = parts["pre_tokenizer"] or {"type": ""}
    if splitter["type"] == "ByteLevel":
        splitter["add_prefix_space"] = True
        for processor in [parts["post_processor"] or {}, *(parts["post_processor"] or {}).get("processors", ())]:
            if "add_prefix_space" in processor:  # it takes the added space out of the offsets
                processor["add_prefix_space"] = True
    elif splitter["type"] == "Metaspace":
        splitter["prepend_scheme"] = "always"
    else:  # a byte-level step after others would put a space before every part of a word
        former = parts["normalizer"]
        steps = [former] if former and former["type"] != "Sequence" else (former or {}).get("normalizers", [])
        parts["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": " "}, *steps]}
    return parts
