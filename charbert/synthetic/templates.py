"""Parses the sentence templates in ``charbert/synthetic/text/topics``, one file per topic.

A line that starts with ``-`` is a sentence, with ``^`` a headline, with ``?`` a question about the sentence above it,
followed by the slot that answers it; any other line continues the one before. Words are separated by spaces:

- ``word/POS``, or a word or mark of `charbert.synthetic.lexicon.FUNCTION_POS` without a part of speech;
- ``{TYPE:key}`` a name of one of the types ``A|B``, ``{TYPE.s:key}`` its short form; ``{a}`` and ``{a.s}`` repeat the
  name of slot ``a``; ``{a~b}`` is another name of the type of ``a``, with the key ``b``;
- ``{POS.class:key}`` a word of that class of the lexicon, ``{POS.class}/POS`` with another part of speech;
- ``{#kind:key}`` a number, see `charbert.synthetic.numbers`.
"""

import re
from dataclasses import dataclass
from functools import cache

from charbert.errors import DataError
from charbert.synthetic.lexicon import FUNCTION_POS, LEXICON, read_text

GENERAL = "general"
"""The topic whose sentences fit any other."""
TOPICS = ("business", "courts", "culture", "disasters", "politics", "science", "sport", "weather")

_SLOT = re.compile(
    r"\{(?:(?P<types>[A-Z|]+)(?P<brief>\.s)?(?::(?P<key>[a-z]))?"
    r"|(?P<choice>[A-Z$]+\.[a-z]+)(?::(?P<choice_key>[a-z]))?"
    r"|#(?P<number>[a-z]+)(?::(?P<number_key>[a-z]))?"
    r"|(?P<like>[a-z])~(?P<like_key>[a-z])"
    r"|(?P<again>[a-z])(?P<again_brief>\.s)?)\}(?:/(?P<pos>[A-Z]+))?"
)


@dataclass(frozen=True)
class Literal:
    """A word of the template itself."""

    word: str
    pos: str


@dataclass(frozen=True)
class NameSlot:
    """A name of one of several types."""

    types: tuple[str, ...]
    key: str
    brief: bool


@dataclass(frozen=True)
class LikeSlot:
    """Another name of the type of slot ``like``."""

    like: str
    key: str


@dataclass(frozen=True)
class WordSlot:
    """A word of a class of the lexicon; the default key is the name of the class."""

    choice: str
    key: str
    pos: str


@dataclass(frozen=True)
class NumberSlot:
    """A number of a kind."""

    kind: str
    key: str


@dataclass(frozen=True)
class AgainSlot:
    """The content of slot ``key`` again."""

    key: str
    brief: bool


Part = Literal | NameSlot | LikeSlot | WordSlot | NumberSlot | AgainSlot


@dataclass(frozen=True)
class Question:
    """A question about a sentence and the key of the slot that answers it."""

    parts: tuple[Part, ...]
    answer: str


@dataclass(frozen=True)
class Template:
    """A sentence or headline with its questions; ``name`` is the topic and a number."""

    name: str
    parts: tuple[Part, ...]
    questions: tuple[Question, ...]
    headline: bool


@cache
def read_topics() -> dict[str, tuple[Template, ...]]:
    """Return the templates of every topic, and those of `GENERAL`.

    Raises:
        DataError: if a template is malformed.
    """
    return {topic: parse_templates(topic, read_text(f"topics/{topic}.txt")) for topic in (*TOPICS, GENERAL)}


def parse_templates(topic: str, text: str) -> tuple[Template, ...]:
    """Return the templates of one topic, in the syntax above.

    Raises:
        DataError: if a word has no part of speech, or a slot or answer names no slot before it.
    """
    templates: list[Template] = []
    for entry in _entries(text):
        name = f"{topic}:{len(templates)}"
        mark, _, body = entry.partition(" ")
        if mark == "?":
            question, arrow, answer = body.partition(" -> ")
            if not templates or not arrow:
                raise DataError(f"{name}: expected '? question -> slot' below a sentence, got {entry!r}")
            last = templates.pop()
            asked = Question(_parse_parts(last.name, question, _keys(last.parts)), answer.strip())
            if asked.answer not in _keys(last.parts):
                raise DataError(f"{last.name}: expected an answer slot of {entry!r} in the sentence, found none")
            templates.append(Template(last.name, last.parts, (*last.questions, asked), last.headline))
        else:
            templates.append(Template(name, _parse_parts(name, body, None), (), headline=mark == "^"))
    return tuple(templates)


def _entries(text: str) -> list[str]:
    entries: list[str] = []
    for line in text.strip().splitlines():
        if line[:2] in ("- ", "^ ", "? "):
            entries.append(line)
        else:
            entries[-1] += f" {line.strip()}"
    return entries


def _keys(parts: tuple[Part, ...]) -> set[str]:
    return {part.key for part in parts if not isinstance(part, Literal)}


def _parse_parts(name: str, text: str, known: set[str] | None) -> tuple[Part, ...]:
    """Return the parts of a sentence, or of a question about one with the ``known`` slots."""
    parts: list[Part] = []
    for position, token in enumerate(text.split()):
        part = _parse_part(name, token, position)
        keys = _keys(tuple(parts)) if known is None else known
        needed = {AgainSlot: "key", LikeSlot: "like"}.get(type(part))
        if known is not None and not isinstance(part, (Literal, AgainSlot)):
            needed = "key"  # a question repeats slots of its sentence
        if needed and getattr(part, needed) not in keys:
            raise DataError(f"{name}: expected a slot {getattr(part, needed)!r} before {token!r}, found none")
        parts.append(part)
    return tuple(parts)


def _parse_part(name: str, token: str, position: int) -> Part:
    if not token.startswith("{"):
        return _parse_literal(name, token)
    match = _SLOT.fullmatch(token)
    if match is None:
        raise DataError(f"{name}: expected a slot, got {token!r}; see charbert/synthetic/templates.py")
    groups = match.groupdict()
    if groups["types"]:
        key = groups["key"] or f"name{position}"
        return NameSlot(tuple(groups["types"].split("|")), key, bool(groups["brief"]))
    if groups["number"]:
        return NumberSlot(groups["number"], groups["number_key"] or f"number{position}")
    if groups["like"]:
        return LikeSlot(groups["like"], groups["like_key"])
    if groups["again"]:
        return AgainSlot(groups["again"], bool(groups["again_brief"]))
    choice = groups["choice"]
    if choice not in LEXICON:
        raise DataError(f"{name}: expected a class of the lexicon, got {choice!r}")
    return WordSlot(choice, groups["choice_key"] or choice, groups["pos"] or choice.partition(".")[0])


def _parse_literal(name: str, token: str) -> Literal:
    word, slash, pos = token.rpartition("/")
    if slash:
        return Literal(word, pos)
    pos = FUNCTION_POS.get(token) or FUNCTION_POS.get(token.lower(), "")
    if not pos:
        raise DataError(f"{name}: expected a part of speech for {token!r}, write {token}/POS")
    return Literal(token, pos)
