"""What preparation sees of an example, whatever its task: texts, labels, words that may change, and a way back."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar, Generic, TypeVar

from charbert.data.readers.conll import TaggedSentence
from charbert.data.readers.glue import LabeledText
from charbert.preparation.rewriting import Rewritten, Words, rewrite_text, text_words
from charbert.text.words import split_words

Example = TypeVar("Example")

Normalize = Callable[[str, bool], str]
"""A text and whether its white space must stay as it is, to the mended text."""

_ENTITY_TAG = re.compile(r"O|[BI]-\S+")
_OUTSIDE = "O"


class ExampleAdapter(ABC, Generic[Example]):
    """How one kind of example is read and changed; examples themselves are never altered, new ones are made."""

    known_labels: tuple[str, ...] = ()
    """The labels that there can be; empty: those that occur."""
    one_verdict: ClassVar[bool] = True
    """Whether `verdict` is about the example as a whole, and so can be compared between texts that differ."""

    def verdict(self, example: Example) -> Hashable:
        """Return what is said of the example: repetitions that agree are redundant, others contradict each other."""
        return self.labels(example)

    @abstractmethod
    def texts(self, example: Example) -> tuple[str, ...]:
        """Return the texts that make the example itself, the one that tells most of it apart first."""

    @abstractmethod
    def lengths(self, example: Example) -> tuple[int, ...]:
        """Return the words of each text whose length counts."""

    @abstractmethod
    def normalize(self, example: Example, normalize: Normalize) -> Example | None:
        """Return the example with mended texts, its labels in place; None if that cannot be done."""

    @abstractmethod
    def labels(self, example: Example) -> tuple[str, ...]:
        """Return the labels of the example: one of a text, one for each word, none of a question."""

    @abstractmethod
    def with_labels(self, example: Example, labels: Sequence[str]) -> Example:
        """Return the example with other labels, as many as it has."""

    @abstractmethod
    def fault(self, example: Example) -> str:
        """Return why the task cannot have this example, empty if it can."""

    @abstractmethod
    def kinds(self, example: Example) -> set[str]:
        """Return all classes that the example belongs to."""

    def classes(self, examples: Sequence[Example]) -> list[str]:
        """Return the class of each example, by which sets are balanced and split: of several the rarest one."""
        kinds = [self.kinds(example) for example in examples]
        counts = Counter(name for names in kinds for name in names)
        return [min(names, key=lambda name: (counts[name], name)) for names in kinds]

    @abstractmethod
    def words(self, example: Example, *, contexts: bool = False) -> list[Words]:
        """Return the words that augmentation may change, of one text or several.

        Args:
            example: the example.
            contexts: those of a question's context too.
        """

    @abstractmethod
    def rewrite(self, example: Example, rewritten: Sequence[Rewritten]) -> Example | None:
        """Return the example with the texts of `words` rewritten, each label with its word; None if none is left."""

    @abstractmethod
    def describe(self, example: Example) -> dict[str, Any]:
        """Return the whole example as JSON has it."""

    def name(self, example: Example) -> str | None:
        """Return what no other example may be called, None if examples have no names."""
        return None

    def renamed(self, example: Example, name: str) -> Example:
        """Return the example with another name."""
        return example

    def fresh_names(self, examples: Sequence[Example]) -> Callable[[Example, str], Example]:
        """Return a function that gives a copy of an example a name that none has yet, made with a suffix."""
        taken = {self.name(example) for example in examples}

        def fresh(example: Example, suffix: str) -> Example:
            name = self.name(example)
            if name is None:
                return example
            number = 1
            while f"{name}-{suffix}{number}" in taken:
                number += 1
            taken.add(f"{name}-{suffix}{number}")
            return self.renamed(example, f"{name}-{suffix}{number}")

        return fresh


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
        """Mend word by word; a word of which nothing is left goes with its tag."""
        return self._rebuilt(example, [normalize(word, False) for word in example.words], range(len(example.words)))

    def labels(self, example: TaggedSentence) -> tuple[str, ...]:
        """Return the tags."""
        return example.tags

    def with_labels(self, example: TaggedSentence, labels: Sequence[str]) -> TaggedSentence:
        """Return the sentence with other tags."""
        return replace(example, tags=self._begun(labels))

    def fault(self, example: TaggedSentence) -> str:
        """Name a tag that is none."""
        if not example.words:
            return "no words"
        wrong = [tag for tag in example.tags if self.entities and not _ENTITY_TAG.fullmatch(tag)]
        return f"the tag {wrong[0]!r} is neither O nor B-TYPE nor I-TYPE" if wrong else ""

    def kinds(self, example: TaggedSentence) -> set[str]:
        """Return the types of entity, or the tags; O where there is no entity."""
        kinds = {tag[2:] if self.entities else tag for tag in example.tags if tag != _OUTSIDE}
        return kinds or {_OUTSIDE}

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
        tags = self._begun([example.tags[source] for _, source in kept])
        pos = None if example.pos is None else tuple(example.pos[source] for _, source in kept)
        return replace(example, words=tuple(word for word, _ in kept), tags=tags, pos=pos)

    def _begun(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Return the tags with B- where an entity has lost its first word."""
        if not self.entities:
            return tuple(tags)
        begun: list[str] = []
        for tag in tags:
            lost = tag.startswith("I-") and (not begun or begun[-1][1:] != tag[1:])
            begun.append(f"B-{tag[2:]}" if lost else tag)
        return tuple(begun)


class LabeledAdapter(ExampleAdapter[LabeledText]):
    """Texts or pairs of texts with a label.

    Args:
        known_labels: the labels that there can be; empty: those that occur.
    """

    def __init__(self, known_labels: Sequence[str] = ()) -> None:
        self.known_labels = tuple(known_labels)

    def texts(self, example: LabeledText) -> tuple[str, ...]:
        """Return the text, or both."""
        return (example.first,) if example.second is None else (example.first, example.second)

    def lengths(self, example: LabeledText) -> tuple[int, ...]:
        """Return the words of each text."""
        return tuple(len(split_words(text)) for text in self.texts(example))

    def normalize(self, example: LabeledText, normalize: Normalize) -> LabeledText:
        """Mend each text; one of which nothing is left is empty."""
        second = None if example.second is None else normalize(example.second, False)
        return replace(example, first=normalize(example.first, False), second=second)

    def labels(self, example: LabeledText) -> tuple[str, ...]:
        """Return the label."""
        return (example.label,)

    def with_labels(self, example: LabeledText, labels: Sequence[str]) -> LabeledText:
        """Return the text with another label."""
        (label,) = labels
        return replace(example, label=label)

    def fault(self, example: LabeledText) -> str:
        """Name a label or a text that the task's files cannot have."""
        if self.known_labels and example.label not in self.known_labels:
            return f"the label {example.label!r} is none of {', '.join(self.known_labels)}"
        for text in self.texts(example):
            if not text.strip():
                return "a text is empty"
            if re.search(r"[\t\r\n]", text):
                return "a text holds a tab or a line break"
        return ""

    def kinds(self, example: LabeledText) -> set[str]:
        """Return the label."""
        return {example.label}

    def words(self, example: LabeledText, *, contexts: bool = False) -> list[Words]:
        """Return the words of each text."""
        return [text_words(text)[0] for text in self.texts(example)]

    def rewrite(self, example: LabeledText, rewritten: Sequence[Rewritten]) -> LabeledText | None:
        """Return the row with other words in the place of its own."""
        new = [
            rewrite_text(text, split_words(text), rewritten_text.words).text
            for text, rewritten_text in zip(self.texts(example), rewritten, strict=True)
        ]
        if not all(text.strip() for text in new):
            return None
        return replace(example, first=new[0], second=new[1] if example.second is not None else None)

    def describe(self, example: LabeledText) -> dict[str, Any]:
        """Return texts, label and id."""
        content = asdict(example)
        content.pop("place")
        return {name: value for name, value in content.items() if value is not None}

    def name(self, example: LabeledText) -> str | None:
        """Return the id of the row."""
        return example.row_id

    def renamed(self, example: LabeledText, name: str) -> LabeledText:
        """Return the row with another id."""
        return replace(example, row_id=name)
