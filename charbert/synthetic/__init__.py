"""Generated newswire: articles with gold names, parts of speech, questions and answers, from a seed."""

from charbert.synthetic.examples import PairExample, QuestionAnswer, pair_examples, qa_examples
from charbert.synthetic.files import write_conll, write_corpus
from charbert.synthetic.generator import NewsDocument, NewsSentence, Newswire
from charbert.synthetic.rephrased import (
    JudgedSentence,
    TextPair,
    acceptability_examples,
    paraphrase_examples,
    question_pair_examples,
)

__all__ = [
    "JudgedSentence",
    "NewsDocument",
    "NewsSentence",
    "Newswire",
    "PairExample",
    "QuestionAnswer",
    "TextPair",
    "acceptability_examples",
    "pair_examples",
    "paraphrase_examples",
    "qa_examples",
    "question_pair_examples",
    "write_conll",
    "write_corpus",
]
