"""Fills the slots of templates with names, words and numbers; names recur within a document."""

from dataclasses import dataclass, field
from typing import Self

from charbert.synthetic.detokenize import detokenize
from charbert.synthetic.draws import Draws
from charbert.synthetic.gazetteer import Gazetteer, Name
from charbert.synthetic.lexicon import FUNCTION_POS, LEXICON
from charbert.synthetic.numbers import draw_number
from charbert.synthetic.templates import AgainSlot, LikeSlot, Literal, NameSlot, NumberSlot, Part, Template

Cell = tuple[str, str, str]
"""A word, its part of speech and its tag."""

_RETURNING_SHARE = 0.5
_CAST_PER_TYPE = 3
_VOWELS = (*"aeiouAEIOU8", "11", "18", "hour", "honest")
_CONSONANT_SOUNDS = ("uni", "Uni", "use", "euro", "Euro", "one")


@dataclass(frozen=True)
class Filler:
    """What fills a slot: its cells in full and in short, and the type it was drawn for."""

    full: tuple[Cell, ...]
    short: tuple[Cell, ...]
    kind: str

    @classmethod
    def of_name(cls, name: Name) -> Self:
        """Return the filler for a name."""
        return cls(_name_cells(name, name.words), _name_cells(name, name.short), name.kind)

    @classmethod
    def of_words(cls, words: list[tuple[str, str]], kind: str) -> Self:
        """Return the filler for words outside names, given with their parts of speech."""
        cells = tuple((word, pos, "O") for word, pos in words)
        return cls(cells, cells, kind)


@dataclass(frozen=True)
class FilledQuestion:
    """A question about a sentence, and the names in the question."""

    text: str
    answer: str
    """Key of the slot that answers it."""
    names: tuple[str, ...]


@dataclass(frozen=True)
class FilledTemplate:
    """A filled template: cells, where each slot is first mentioned, and the questions it answers."""

    cells: tuple[Cell, ...]
    mentions: dict[str, tuple[int, int]]
    questions: tuple[FilledQuestion, ...]

    def columns(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return words, parts of speech and tags."""
        words, pos, tags = zip(*self.cells, strict=True)
        return words, pos, tags


@dataclass
class Cast:
    """The names of one document; a slot takes a known one or a new one."""

    gazetteer: Gazetteer
    draws: Draws
    members: dict[str, list[Name]] = field(default_factory=dict)

    def name(self, types: tuple[str, ...], taken: set[tuple[str, ...]]) -> Name:
        """Return a name of one of the types that is not in ``taken``."""
        kind = self.draws.pick(types)
        known = self.members.setdefault(kind, [])
        if known and self.draws.uniform() < _RETURNING_SHARE:
            name = self.draws.pick(known)
            if name.words not in taken:
                return name
        name = self.gazetteer.draw(kind, self.draws)
        while name.words in taken:
            name = self.gazetteer.draw(kind, self.draws)
        if len(known) < _CAST_PER_TYPE:
            known.append(name)
        return name


def fill_template(template: Template, cast: Cast, draws: Draws) -> FilledTemplate:
    """Return a sentence with every slot filled, and the questions that it answers."""
    fillers: dict[str, Filler] = {}
    taken: set[tuple[str, ...]] = set()
    mentions: dict[str, tuple[int, int]] = {}
    cells: list[Cell] = []
    for part in template.parts:
        added = _fill_part(part, fillers, taken, cast, draws)
        if not isinstance(part, Literal):
            mentions.setdefault(part.key, (len(cells), len(cells) + len(added)))
        cells += added
    questions = tuple(
        FilledQuestion(
            text=detokenize([word for word, _, _ in _finish(_ask(question.parts, fillers), False)])[0],
            answer=question.answer,
            names=tuple(
                " ".join(word for word, _, _ in fillers[part.key].full)
                for part in question.parts
                if isinstance(part, AgainSlot)
            ),
        )
        for question in template.questions
    )
    return FilledTemplate(tuple(_finish(cells, template.headline)), mentions, questions)


def _fill_part(
    part: Part, fillers: dict[str, Filler], taken: set[tuple[str, ...]], cast: Cast, draws: Draws
) -> tuple[Cell, ...]:
    if isinstance(part, Literal):
        return ((part.word, part.pos, "O"),)
    if isinstance(part, AgainSlot):
        return fillers[part.key].short if part.brief else fillers[part.key].full
    if isinstance(part, NameSlot):
        filler = _named(cast, part.types, taken)
        fillers[part.key] = filler
        return filler.short if part.brief else filler.full
    if isinstance(part, LikeSlot):
        filler = _named(cast, (fillers[part.like].kind,), taken)
    elif isinstance(part, NumberSlot):
        filler = Filler.of_words(draw_number(part.kind, draws), part.kind)
    else:
        filler = Filler.of_words([(draws.pick(LEXICON[part.choice]), part.pos)], part.choice)
        fillers.setdefault(part.key, filler)  # a question repeats the first word of a class
        return filler.full
    fillers[part.key] = filler
    return filler.full


def _named(cast: Cast, types: tuple[str, ...], taken: set[tuple[str, ...]]) -> Filler:
    name = cast.name(types, taken)
    taken.add(name.words)
    return Filler.of_name(name)


def _ask(parts: tuple[Part, ...], fillers: dict[str, Filler]) -> list[Cell]:
    cells: list[Cell] = []
    for part in parts:
        if isinstance(part, Literal):
            cells.append((part.word, part.pos, "O"))
        else:
            brief = isinstance(part, AgainSlot) and part.brief
            cells += fillers[part.key].short if brief else fillers[part.key].full
    return cells


def _name_cells(name: Name, words: tuple[str, ...]) -> tuple[Cell, ...]:
    cells = []
    for position, word in enumerate(words):
        if name.kind == "NAT":
            pos = "JJ"
        elif word[0].isdigit():
            pos = "CD"
        else:
            pos = FUNCTION_POS.get(word.lower(), "CC" if word == "&" else "NNP") if position else "NNP"
        cells.append((word, pos, f"{'I' if position else 'B'}-{name.label}"))
    return tuple(cells)


def _finish(cells: list[Cell], headline: bool) -> list[Cell]:
    """Return the cells with "a" or "an" to fit the next word, and with capitals."""
    finished = []
    for position, (word, pos, tag) in enumerate(cells):
        if word in ("a", "A") and pos == "DT" and position + 1 < len(cells):
            word += "n" if _takes_an(cells[position + 1][0]) else ""
        if headline:
            word = word.upper()
        elif position == 0 or (position == 1 and cells[0][0] == '"'):
            word = word[0].upper() + word[1:]
        finished.append((word, pos, tag))
    return finished


def _takes_an(word: str) -> bool:
    return word.startswith(_VOWELS) and not word.startswith(_CONSONANT_SOUNDS)
