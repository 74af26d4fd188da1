"""How tagged sentences are read and changed: every tag stays with its word."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from charbert.data.readers.conll import TaggedSentence
from charbert.preparation.adapter import ExampleAdapter, Normalize
from charbert.preparation.rewriting import Rewritten, Words

_ENTITY_TAG = re.compile(r"O|[BI]-\S+")
_OUTSIDE = "O"


class TaggedAdapter(ExampleAdapter[TaggedSentence]):
    """Sentences with a tag for each word.

    Args:
        entities: whether tags are those of entities in IOB2, which no word may leave or enter; else each word has a
            tag of its own.
    """

    one_verdict = False

    def __init__(self, *, entities: bool) -> None:
        self.entities = entities

    def texts(self, example: TaggedSentence) -> tuple[str, ...]:
        """Return the words as one text."""
        return (" ".join(example.words),)

    def lengths(self, example: TaggedSentence) -> tuple[int, ...]:
        """Return the number of words."""
        return (len(example.words),)

    def normalize(self, example: TaggedSentence, normalize: Normalize) -> TaggedSentence | None:
        """Normalize each word; a word that becomes empty is left out with its tag."""
        return self._rebuilt(example, [normalize(word, False) for word in example.words], range(len(example.words)))

    def labels(self, example: TaggedSentence) -> tuple[str, ...]:
        """Return the tags."""
        return example.tags

    def with_labels(self, example: TaggedSentence, labels: Sequence[str]) -> TaggedSentence:
        """Return the sentence with other tags."""
        return replace(example, tags=self._repaired(labels))

    def problem(self, example: TaggedSentence) -> str:
        """Name an invalid tag."""
        if not example.words:
            return "no words"
        wrong = [tag for tag in example.tags if self.entities and not _ENTITY_TAG.fullmatch(tag)]
        return f"the tag {wrong[0]!r} is neither O nor B-TYPE nor I-TYPE" if wrong else ""

    def kinds(self, example: TaggedSentence) -> set[str]:
        """Return the types of entity, or the tags; O where there is no entity."""
        kinds = {tag[2:] if self.entities else tag for tag in example.tags if tag != _OUTSIDE}
        return kinds or {_OUTSIDE}

    def sentences(self, example: TaggedSentence) -> list[list[str]]:
        """Return the words."""
        return [list(example.words)]

    def with_sentences(self, example: TaggedSentence, sentences: Sequence[Sequence[str]]) -> TaggedSentence:
        """Return the sentence with other words; every tag stays with its word."""
        (words,) = sentences
        return replace(example, words=tuple(words))

    def words(self, example: TaggedSentence, *, contexts: bool = False) -> list[Words]:
        """Return the words; those of entities may change but stay in their places."""
        movable = tuple(
            any(map(str.isalnum, word)) and (not self.entities or tag == _OUTSIDE)
            for word, tag in zip(example.words, example.tags, strict=True)
        )
        changeable = tuple(any(map(str.isalpha, word)) for word in example.words)
        return [Words(example.words, changeable, movable)]

    def rewrite(self, example: TaggedSentence, rewritten: Sequence[Rewritten]) -> TaggedSentence | None:
        """Return the sentence with other words, each with the tag of the word it was."""
        (sentence,) = rewritten
        return self._rebuilt(example, sentence.words, sentence.sources)

    def describe(self, example: TaggedSentence) -> dict[str, Any]:
        """Return words and tags."""
        return {"words": list(example.words), "tags": list(example.tags)}

    def _rebuilt(self, example: TaggedSentence, words: Sequence[str], sources: Sequence[int]) -> TaggedSentence | None:
        kept = [(word, source) for word, source in zip(words, sources, strict=True) if word]
        if not kept:
            return None
        tags = self._repaired([example.tags[source] for _, source in kept])
        pos = None if example.pos is None else tuple(example.pos[source] for _, source in kept)
        return replace(example, words=tuple(word for word, _ in kept), tags=tags, pos=pos)

    def _repaired(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Return the tags with B- where an entity has lost its first word."""
        if not self.entities:
            return tuple(tags)
        repaired: list[str] = []
        for tag in tags:
            lost = tag.startswith("I-") and (not repaired or repaired[-1][1:] != tag[1:])
            repaired.append(f"B-{tag[2:]}" if lost else tag)
        return tuple(repaired)
