"""Splits on the hub to tagged sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charbert.data.readers.conll import TaggedSentence

if TYPE_CHECKING:
    from charbert.data.readers.hub import HubRows


def hub_sentences(rows: HubRows) -> list[TaggedSentence]:
    """Return the tagged sentences of a split, without empty ones.

    Raises:
        DataError: naming the first row without a tag for each word.
    """
    rows.hub_columns = {"word": "tokens", "tag": "ner_tags", **rows.hub_columns}
    sentences = []
    for number, (words, tags) in enumerate(rows.read("word", "tag")):
        sentence = TaggedSentence(
            tuple(rows.texts(words, number, "word")),
            tuple(rows.texts(tags, number, "tag")),
        )
        if len(sentence.words) != len(sentence.tags):
            raise rows.error(number, f"{len(sentence.words)} tags, one a word,", tags)
        if words:
            sentences.append(sentence)
    return sentences
