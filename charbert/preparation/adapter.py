"""What preparation sees of an example, whatever its task: texts, labels, words that may change, and a way back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from charbert.preparation.rewriting import Rewritten, Words

Example = TypeVar("Example")

Normalize = Callable[[str, bool], str]
"""A text and whether its white space must stay as it is, to the mended text."""


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
    def sentences(self, example: Example) -> list[list[str]]:
        """Return the words that an attack or a corrector may change, a list for each sentence."""

    @abstractmethod
    def with_sentences(self, example: Example, sentences: Sequence[Sequence[str]]) -> Example:
        """Return the example with other words in the places of ``sentences``, as many, and the same labels."""

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
