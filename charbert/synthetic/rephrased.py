"""Sentences and questions said otherwise: the counterparts of CoLA, MRPC and QQP that a generator can make.

Each imitates what its benchmark asks, not how hard it is: whether a sentence is grammatical, whether two
sentences tell the same event, whether two questions ask the same. All of them turn on single words and names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from charbert.synthetic.detokenize import detokenize
from charbert.synthetic.draws import Draws
from charbert.synthetic.filling import FilledQuestion
from charbert.synthetic.generator import NewsDocument, NewsSentence

_TWIN_SHARE = 0.7
_MOVED = frozenset(["DT", "IN", "TO", "PRP$"])
_DROPPED = frozenset(["IN", "TO", "MD", "VBD", "VBZ", "VBP"])
_OPTIONAL = frozenset(["that"])
_REPORTS = (
    (("It", "was", "reported", "that"), ()),
    (("According", "to", "news", "reports", ","), ()),
    ((), (",", "according", "to", "officials")),
    ((), (",", "it", "was", "reported")),
)
_REQUESTS = ("Does anyone know:", "Please tell me:", "One question:", "I would like to know:")


@dataclass(frozen=True)
class JudgedSentence:
    """A sentence, and whether a reader would accept it."""

    text: str
    acceptable: bool


@dataclass(frozen=True)
class TextPair:
    """Two texts, and whether they say or ask the same."""

    first: str
    second: str
    same: bool


def acceptability_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[JudgedSentence]:
    """Yield the sentences of the documents, about half of them with one fault, as CoLA asks for.

    A fault is a function word that changed places with the word after it, or a verb, auxiliary or preposition
    that is gone. The first word of a sentence stays, so that capitals give nothing away.

    Args:
        documents: where sentences come from.
        rng: decides which sentences get a fault, and which.
    """
    draws = Draws(rng)
    for document in documents:
        for sentence in document.body:
            broken = _broken(sentence, draws) if draws.uniform() < 0.5 else None
            yield JudgedSentence(sentence.text if broken is None else detokenize(broken)[0], broken is None)


def paraphrase_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[TextPair]:
    """Yield pairs of sentences, about half of them the same event told in two ways, as MRPC asks for.

    The second sentence names people by their last names and its source before or after the event. Where it
    tells something else, it is another sentence of the document, or tells the same of other names and numbers.

    Args:
        documents: where sentences come from.
        rng: decides what a sentence meets, and how it is told.
    """
    draws = Draws(rng)
    twins: dict[str, NewsSentence] = {}
    for document in documents:
        told = [sentence for sentence in document.body if '"' not in sentence.words]
        for sentence in told:
            other, same = sentence, draws.uniform() < 0.5
            if not same:
                twin = twins.get(sentence.template)
                others = [rest for rest in told if rest is not sentence]
                others = [twin] if twin is not None and (draws.uniform() < _TWIN_SHARE or not others) else others
                other = draws.pick(others) if others else sentence
            yield TextPair(sentence.text, _retold(other, draws), same=other.words == sentence.words)
        twins |= {sentence.template: sentence for sentence in told}


def question_pair_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[TextPair]:
    """Yield pairs of questions, about half of them the same question in another frame, as QQP asks for.

    Where the second asks something else, it is another question about the document, or the same about other
    names and numbers.

    Args:
        documents: where questions come from.
        rng: decides what a question meets, and its frame.
    """
    draws = Draws(rng)
    twins: dict[str, FilledQuestion] = {}
    for document in documents:
        asked = {
            f"{sentence.template}-{rank}": question
            for sentence in document.body
            for rank, question in enumerate(sentence.questions)
        }
        for name, question in asked.items():
            other, same = question, draws.uniform() < 0.5
            if not same:
                twin = twins.get(name)
                others = [rest for rest in asked.values() if rest is not question]
                others = [twin] if twin is not None and (draws.uniform() < _TWIN_SHARE or not others) else others
                other = draws.pick(others) if others else question
            framed = f"{draws.pick(_REQUESTS)} {other.text[0].lower()}{other.text[1:]}"
            yield TextPair(question.text, framed, same=other.text == question.text)
        twins |= asked


def _broken(sentence: NewsSentence, draws: Draws) -> tuple[str, ...] | None:
    """Return the words with one fault; None where no place for one is found."""
    words, pos = sentence.words, sentence.pos
    inner = range(1, len(words) - 2)
    moved = [at for at in inner if pos[at] in _MOVED and pos[at + 1][0].isalpha() and pos[at + 1] != pos[at]]
    dropped = [at for at in inner if pos[at] in _DROPPED and words[at] not in _OPTIONAL]
    if moved and (not dropped or draws.uniform() < 0.5):
        at = draws.pick(moved)
        return (*words[:at], words[at + 1], words[at], *words[at + 2 :])
    if dropped:
        at = draws.pick(dropped)
        return (*words[:at], *words[at + 1 :])
    return None


def _retold(sentence: NewsSentence, draws: Draws) -> str:
    before, after = draws.pick(_REPORTS)
    words = _with_last_names(sentence)
    if before and sentence.tags[0] == "O":
        words[0] = words[0][0].lower() + words[0][1:]
    return detokenize([*before, *words[:-1], *after, *words[-1:]])[0]


def _with_last_names(sentence: NewsSentence) -> list[str]:
    """Return the words with people called by the last word of their name."""
    following: Sequence[str] = (*sentence.tags[1:], "O")
    return [
        word
        for word, tag, after in zip(sentence.words, sentence.tags, following, strict=True)
        if not (tag.endswith("-PER") and after == "I-PER")
    ]
