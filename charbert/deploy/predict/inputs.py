"""What a person asks of a model, checked: texts, pairs of texts, or questions with contexts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from charbert.errors import DataError


@dataclass(frozen=True)
class TextInput:
    """A text to tag, or one or two texts to classify."""

    text: str
    text_pair: str | None = None
    place: str = field(default="", compare=False)
    """Where it stands, for errors."""


@dataclass(frozen=True)
class QuestionInput:
    """A question and the context that may answer it."""

    question: str
    context: str
    place: str = field(default="", compare=False)
    """Where it stands, for errors."""


Input = TextInput | QuestionInput

FIELDS = {
    "token_classification": {"text": True},
    "sequence_classification": {"text": True, "text_pair": False},
    "question_answering": {"question": True, "context": True},
}
"""Fields of an input of each head, and whether each must be there."""


def check_input(given: Any, head: str, place: str, *, pairs: bool | None = None) -> Input:
    """Return the input that a string or a mapping describes; of a mapping other fields are left alone.

    Args:
        given: a text, or a mapping with the head's `FIELDS`.
        head: as in `charbert.deploy.predict.usage.Usage`.
        place: what it is called in an error.
        pairs: whether there must be two texts (True) or one (False); None: either.

    Raises:
        DataError: if a field is missing, is no text, or does not fit the head.
    """
    if isinstance(given, Input):
        return given
    values = {"text": given} if isinstance(given, str) else given
    wanted = FIELDS[head]
    if not isinstance(values, Mapping):
        raise DataError.at(place, None, expected=f"a text or an object with {_list(wanted)}", found=_kind(values))
    missing = [name for name, needed in wanted.items() if needed and name not in values]
    if missing:
        actual = "a text alone" if isinstance(given, str) else f"the fields {', '.join(map(str, values)) or '(none)'}"
        raise DataError.at(place, None, expected=f"the fields {_list(wanted)}", found=actual, hint=_hint(head))
    chosen = {name: values[name] for name in wanted if values.get(name) is not None}
    for name, value in chosen.items():
        if not isinstance(value, str):
            raise DataError.at(place, None, expected=f"a text in the field {name}", found=_kind(value))
    for name in wanted:
        if wanted[name] and name not in chosen:
            raise DataError.at(place, None, expected=f"a text in the field {name}", found="null")
    if head == "question_answering":
        return QuestionInput(**chosen, place=place)
    if pairs is not None and pairs != ("text_pair" in chosen):
        expected, actual = ("a pair of texts", "one text") if pairs else ("one text", "a pair of texts")
        hint = "give text and text_pair" if pairs else "leave text_pair out"
        raise DataError.at(place, None, expected=expected, found=actual, hint=hint)
    return TextInput(**chosen, place=place)


def _list(wanted: Mapping[str, bool]) -> str:
    return ", ".join(name if needed else f"{name} (optional)" for name, needed in wanted.items())


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _hint(head: str) -> str:
    return "a model that answers questions reads JSON lines" if head == "question_answering" else ""
