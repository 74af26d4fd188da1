"""A user's inputs, checked: texts, pairs of texts, or questions with contexts."""

from collections.abc import Mapping, Sequence
from typing import Any

from charbert.errors import DataError
from charbert.tasks.head import Head, Input


def check_input(given: Any, head: Head, place: str, *, pairs: bool | None = None) -> Input:
    """Return the input that a string or a mapping describes; other fields of a mapping are ignored.

    Args:
        given: a text, or a mapping with the head's fields.
        pairs: whether there must be two texts (True) or one (False); None: either.

    Raises:
        DataError: if a field is missing, is no text, or does not fit the head.
    """
    if isinstance(given, Input):
        return given
    values = {"text": given} if isinstance(given, str) else given
    wanted = head.fields
    if not isinstance(values, Mapping):
        raise DataError.at(place, None, expected=f"a text or an object with {_list(head)}", found=_kind(values))
    if head.words_output and values.get("words") is not None:
        return head.input(**_words(values, place), place=place)
    if any(needed and name not in values for name, needed in wanted.items()):
        actual = "a text alone" if isinstance(given, str) else f"the fields {', '.join(map(str, values)) or '(none)'}"
        hint = "" if "text" in wanted else "a model that answers questions reads JSON lines"
        raise DataError.at(place, None, expected=f"the fields {_list(head)}", found=actual, hint=hint)
    chosen = {name: values[name] for name, needed in wanted.items() if needed or values.get(name) is not None}
    for name, value in chosen.items():
        if not isinstance(value, str):
            raise DataError.at(place, None, expected=f"a text in the field {name}", found=_kind(value))
    if "text_pair" in wanted and pairs is not None and pairs != ("text_pair" in chosen):
        expected, actual = ("a pair of texts", "one text") if pairs else ("one text", "a pair of texts")
        hint = "give text and text_pair" if pairs else "leave text_pair out"
        raise DataError.at(place, None, expected=expected, found=actual, hint=hint)
    return head.input(**chosen, place=place)


def _words(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the fields of an input that is given as words."""
    words = values["words"]
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise DataError.at(place, None, expected="a list of words in the field words", found=_kind(words))
    wrong = [word for word in words if not isinstance(word, str)]
    if wrong:
        raise DataError.at(place, None, expected="words that are texts in the field words", found=_kind(wrong[0]))
    text = " ".join(words)
    if values.get("text") not in (None, text):
        raise DataError.at(place, None, expected="a text or its words", found="both", hint="leave one of them out")
    return {"text": text, "words": tuple(words)}


def _list(head: Head) -> str:
    wanted = ", ".join(name if needed else f"{name} (optional)" for name, needed in head.fields.items())
    return f"{wanted} or words" if head.words_output else wanted


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
