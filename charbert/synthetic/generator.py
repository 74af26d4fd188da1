"""Documents of generated newswire, in which names of all types occur in the same contexts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal as Choice

from charbert.data.readers.conll import TaggedSentence
from charbert.seeding import numpy_generator
from charbert.synthetic.detokenize import detokenize
from charbert.synthetic.draws import Draws
from charbert.synthetic.filling import Cast, FilledQuestion, Filler, fill_template
from charbert.synthetic.gazetteer import Gazetteer, build_gazetteers, uppercased
from charbert.synthetic.numbers import iso_date
from charbert.synthetic.templates import GENERAL, TOPICS, Template, read_topics

Split = Choice["train", "dev", "test"]

_SENTENCES = (4, 9)
_GENERAL_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class NewsSentence(TaggedSentence):
    """A sentence with its gold annotation; tags are PER, ORG, LOC and MISC in IOB2."""

    pos: tuple[str, ...]
    """Penn Treebank parts of speech."""
    template: str
    mentions: dict[str, tuple[int, int]]
    """First and end word of the first mention of each slot."""
    questions: tuple[FilledQuestion, ...]
    """Questions that this sentence answers."""

    @property
    def text(self) -> str:
        """The sentence with the spacing of a newspaper."""
        return detokenize(self.words)[0]


@dataclass(frozen=True)
class NewsDocument:
    """An article: headline, dateline and body."""

    topic: str
    index: int
    title: NewsSentence
    dateline: NewsSentence
    body: tuple[NewsSentence, ...]

    @property
    def sentences(self) -> tuple[NewsSentence, ...]:
        """All lines of the article in order."""
        return (self.title, self.dateline, *self.body)

    def passage(self) -> tuple[str, list[list[tuple[int, int]]]]:
        """Return the body as one text, and the span of each word of each sentence in it."""
        pieces: list[str] = []
        spans: list[list[tuple[int, int]]] = []
        length = 0
        for sentence in self.body:
            text, places = detokenize(sentence.words)
            spans.append([(length + start, length + end) for start, end in places])
            pieces.append(text)
            length += len(text) + 1
        return " ".join(pieces), spans


class Newswire:
    """Generates any number of documents; the same seed gives the same ones on every machine.

    The names of a split occur in no other split, for any two seeds, so a model cannot memorize test names
    (`charbert.synthetic.gazetteer.split_of`). Names come from Faker; another release of it may give other names.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._gazetteers = build_gazetteers(seed)

    def documents(self, n: int, split: Split = "train") -> Iterator[NewsDocument]:
        """Yield ``n`` documents; the first ones do not depend on ``n``."""
        draws = Draws(numpy_generator(self.seed, "newswire", split))
        for index in range(n):
            yield self._document(index, self._gazetteers[split], draws)

    def sentences(self, n: int, split: Split = "train") -> Iterator[NewsSentence]:
        """Return the first ``n`` sentences of the documents of a split, headlines and datelines among them."""
        documents = self.documents(n, split)  # every document has more than one sentence
        return islice(chain.from_iterable(document.sentences for document in documents), n)

    def _document(self, index: int, gazetteer: Gazetteer, draws: Draws) -> NewsDocument:
        topic = draws.pick(TOPICS)
        headlines = [template for template in read_topics()[topic] if template.headline]
        stories = [template for template in read_topics()[topic] if not template.headline]
        general = list(read_topics()[GENERAL])
        cast = Cast(gazetteer, draws)
        title = _sentence(draws.pick(headlines), cast, draws, index)
        body = []
        for _ in range(draws.between(*_SENTENCES)):
            # no template twice in a document, so a question has one answer in it
            pool = general if draws.uniform() < _GENERAL_SHARE else stories
            body.append(_sentence(pool.pop(draws.below(len(pool))), cast, draws, index))
        return NewsDocument(topic, index, title, _dateline(cast, draws, index), tuple(body))


def _sentence(template: Template, cast: Cast, draws: Draws, document: int) -> NewsSentence:
    filled = fill_template(template, cast, draws)
    words, pos, tags = filled.columns()
    return NewsSentence(
        words,
        tags,
        pos=pos,
        document=document,
        template=template.name,
        mentions=filled.mentions,
        questions=filled.questions,
    )


def _dateline(cast: Cast, draws: Draws, document: int) -> NewsSentence:
    place = Filler.of_name(uppercased(cast.name(("CITY",), set())))
    words, pos, tags = zip(*place.full, *((word, pos, "O") for word, pos in iso_date(draws)), strict=True)
    mentions = {"place": (0, len(place.full))}
    return NewsSentence(words, tags, pos=pos, document=document, template="dateline", mentions=mentions, questions=())
