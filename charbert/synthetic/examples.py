"""Questions about generated passages, and pairs of a question and a sentence: what SQuAD and QNLI ask for."""

from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np

from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Answer, Question
from charbert.synthetic.draws import Draws
from charbert.synthetic.filling import FilledQuestion
from charbert.synthetic.generator import NewsDocument, NewsSentence

SAME_TEMPLATE_SHARE = 0.7
"""How often a text that does not match comes from another document and the same template."""


def qa_examples(
    documents: Iterable[NewsDocument], rng: np.random.Generator, *, unanswerable_probability: float = 0.0
) -> Iterator[Question]:
    """Yield the questions that the passages answer, with some of them replaced by unanswerable ones.

    An unanswerable question is the same question about other names, taken from an earlier document in which a
    sentence of the same template answers it.

    Args:
        rng: decides which questions are unanswerable.
        unanswerable_probability: how likely a question is replaced by an unanswerable one, in [0, 1].
    """
    draws = Draws(rng)
    earlier: dict[tuple[str, int], FilledQuestion] = {}
    for document in documents:
        passage, spans = document.passage()
        title = f"{document.topic}-{document.index}"
        for number, sentence in enumerate(document.body):
            for rank, question in enumerate(sentence.questions):
                name = f"{title}-{number}-{rank}"
                other = earlier.get((sentence.template, rank))
                unanswerable = draws.uniform() < unanswerable_probability
                if unanswerable and other and not all(text in passage for text in other.names):
                    yield Question(name, other.text, passage, (), title)
                    continue
                first, end = sentence.mentions[question.answer]
                start, stop = spans[number][first][0], spans[number][end - 1][1]
                yield Question(name, question.text, passage, (Answer(passage[start:stop], start),), title)
        for sentence in document.body:
            earlier |= {(sentence.template, rank): question for rank, question in enumerate(sentence.questions)}


def pair_examples(documents: Iterable[NewsDocument], rng: np.random.Generator) -> Iterator[LabeledText]:
    """Yield a question and a sentence each; in about half of the pairs the sentence answers the question.

    A sentence that does not answer is another one of the same document, or has the same template and other names, so
    neither the topic nor the pattern of the sentence predicts the label.

    Args:
        rng: decides which sentence a question is paired with.
    """
    draws = Draws(rng)
    numbers = count()
    earlier: dict[str, NewsSentence] = {}
    for document in documents:
        for sentence in document.body:
            for question in sentence.questions:
                other = _other_sentence(question, sentence, document, earlier.get(sentence.template), draws)
                text, label = (sentence.text, "entailment") if other is None else (other.text, "not_entailment")
                yield LabeledText(question.text, text, label, str(next(numbers)))
        earlier.update({sentence.template: sentence for sentence in document.body})


def _other_sentence(
    question: FilledQuestion, sentence: NewsSentence, document: NewsDocument, earlier: NewsSentence | None, draws: Draws
) -> NewsSentence | None:
    """Return a sentence that does not answer the question; None to keep the one that does."""
    if draws.uniform() < 0.5:
        return None
    start, end = sentence.mentions[question.answer]
    answer = " ".join(sentence.words[start:end])
    others = [other for other in document.body if answer not in " ".join(other.words)]
    if earlier is not None and not _mentions_all(earlier, question.names) and draws.uniform() < SAME_TEMPLATE_SHARE:
        others = [earlier]
    return draws.pick(others) if others else None


def _mentions_all(sentence: NewsSentence, names: tuple[str, ...]) -> bool:
    text = " ".join(sentence.words)
    return all(name in text for name in names)
