"""Generated sentences and pairs for the questions of CoLA, MRPC and QQP.

Each set asks the question of its benchmark and is easier: whether a sentence is grammatical, whether two sentences
report the same event, whether two questions ask the same. All of them depend on single words and names.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import TypeVar

import numpy as np

from charbert.data.readers.glue import LabeledText
from charbert.synthetic.detokenize import detokenize
from charbert.synthetic.draws import Draws
from charbert.synthetic.examples import SAME_TEMPLATE_SHARE
from charbert.synthetic.filling import FilledQuestion
from charbert.synthetic.generator import NewsDocument, NewsSentence

Text = TypeVar("Text", NewsSentence, FilledQuestion)

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


def acceptability_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[LabeledText]:
    """Yield the sentences of the documents, about half of them with one error, as in CoLA.

    An error is a function word that is swapped with the word after it, or a deleted verb, auxiliary or preposition.
    The first word of a sentence stays, so capital letters do not predict the label.

    Args:
        rng: decides which sentences get an error, and which.
    """
    draws = Draws(rng)
    for document in documents:
        for sentence in document.body:
            broken = _broken(sentence, draws) if draws.uniform() < 0.5 else None
            if broken is None:
                yield LabeledText(sentence.text, None, "acceptable")
            else:
                yield LabeledText(detokenize(broken)[0], None, "unacceptable")


def paraphrase_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[LabeledText]:
    """Yield pairs of sentences, about half of them the same event in two wordings, as in MRPC.

    The second sentence names people by their last names and its source before or after the event. In the other half
    it is another sentence of the document, or has the same template and other names and numbers.

    Args:
        rng: decides what a sentence is paired with, and the wording.
    """
    draws = Draws(rng)
    earlier: dict[str, NewsSentence] = {}
    for document in documents:
        told = {sentence.template: sentence for sentence in document.body if '"' not in sentence.words}
        for template, sentence in told.items():
            other = _partner(sentence, told.values(), earlier.get(template), draws)
            label = "equivalent" if other.words == sentence.words else "not_equivalent"
            yield LabeledText(sentence.text, _reworded(other, draws), label)
        earlier |= told


def question_pair_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[LabeledText]:
    """Yield pairs of questions, about half of them the same question in another wording, as in QQP.

    In the other half the second is another question about the document, or the same one about other names and numbers.

    Args:
        rng: decides what a question is paired with, and the wording.
    """
    draws = Draws(rng)
    numbers = count()
    earlier: dict[tuple[str, int], FilledQuestion] = {}
    for document in documents:
        asked = {
            (sentence.template, rank): question
            for sentence in document.body
            for rank, question in enumerate(sentence.questions)
        }
        for name, question in asked.items():
            other = _partner(question, asked.values(), earlier.get(name), draws)
            reworded = f"{draws.pick(_REQUESTS)} {other.text[0].lower()}{other.text[1:]}"
            label = "duplicate" if other.text == question.text else "not_duplicate"
            yield LabeledText(question.text, reworded, label, str(next(numbers)))
        earlier |= asked


def _partner(text: Text, document: Iterable[Text], earlier: Text | None, draws: Draws) -> Text:
    """Return the text itself in about half of the cases, else the same of an earlier document or another one of its."""
    if draws.uniform() < 0.5:
        return text
    others = [other for other in document if other is not text]
    if earlier is not None and (draws.uniform() < SAME_TEMPLATE_SHARE or not others):
        others = [earlier]
    return draws.pick(others) if others else text


def _broken(sentence: NewsSentence, draws: Draws) -> tuple[str, ...] | None:
    """Return the words with one error; None if the sentence has no place for one."""
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


def _reworded(sentence: NewsSentence, draws: Draws) -> str:
    before, after = draws.pick(_REPORTS)
    words = _with_last_names(sentence)
    if before and sentence.tags[0] == "O":
        words[0] = words[0][0].lower() + words[0][1:]
    return detokenize([*before, *words[:-1], *after, *words[-1:]])[0]


def _with_last_names(sentence: NewsSentence) -> list[str]:
    """Return the words with each person named by the last word of the name."""
    following: Sequence[str] = (*sentence.tags[1:], "O")
    return [
        word
        for word, tag, after in zip(sentence.words, sentence.tags, following, strict=True)
        if not (tag.endswith("-PER") and after == "I-PER")
    ]
