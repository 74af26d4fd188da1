"""Generated newswire: articles with gold names, parts of speech, questions and answers, from a seed."""

from charbert.data.newswire.examples import PairExample, QuestionAnswer, pair_examples, qa_examples
from charbert.data.newswire.files import write_conll, write_corpus
from charbert.data.newswire.generator import NewsDocument, NewsSentence, Newswire

__all__ = [
    "NewsDocument",
    "NewsSentence",
    "Newswire",
    "PairExample",
    "QuestionAnswer",
    "pair_examples",
    "qa_examples",
    "write_conll",
    "write_corpus",
]
