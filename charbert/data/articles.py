"""Groups examples by article, so that no article is in two parts of a split."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from charbert.data.readers.glue import LabeledText
from charbert.data.readers.squad import Question
from charbert.data.splits import connect_groups, normalize_text

_NOT_LETTERS = re.compile(r"[\W_]+")


def group_pairs(rows: Sequence[LabeledText], articles: Sequence[Question] | None = None) -> list[int]:
    """Return a group for each row; rows that share a text, either side, are in the same group.

    QNLI was made from SQuAD 1.1 but does not name the articles. With SQuAD's questions, each row is assigned to the
    article of its question, or else of its sentence.

    Args:
        articles: questions of the SQuAD file that the rows were made from.
    """
    keys: list[list[tuple[str, str]]] = []
    for row in rows:
        own = [("text", normalize_text(row.second if row.second is not None else row.first))]
        if row.second is not None:
            own.append(("pair", normalize_text(row.first)))
        keys.append(own)
    if articles is not None:
        for own, title in zip(keys, find_articles(rows, articles), strict=True):
            if title is not None:
                own.append(("article", title))
    return connect_groups(keys)


def find_articles(rows: Sequence[LabeledText], articles: Sequence[Question]) -> list[str | None]:
    """Return the title of the article that each pair comes from, None if no article contains it.

    If several articles have the question, the sentence decides.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    passages: dict[str, str] = {}
    for question in articles:
        asked[_letters(question.question)].add(question.title)
        passages.setdefault(question.context, question.title)
    read = [(_letters(context), title) for context, title in passages.items()]
    titles: list[str | None] = []
    for row in rows:
        candidates = asked.get(_letters(row.first), set())
        if len(candidates) != 1:
            sentence = _letters(row.second or "")
            having = {title for text, title in read if sentence and sentence in text}
            candidates = (candidates & having) or candidates or having
        titles.append(min(candidates) if candidates else None)
    return titles


def _letters(text: str) -> str:
    """Return only letters and digits, because spaces and quotation marks differ between the two data sets."""
    return _NOT_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())
