"""Generated newswire: articles with gold names, parts of speech, questions and answers, from a seed."""

from charbert.synthetic.generator import Newswire

__all__ = ["Newswire"]
