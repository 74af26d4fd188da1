"""How preparation and noise read and change an example of any kind: its texts, its labels, its words."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar

from charbert.preparation.rewriting import Rewritten, Words

Example = TypeVar("Example")

Normalize = Callable[[str, bool], str]
"""A text and whether its white space must stay as it is, to the normalized text."""


class ExampleAdapter(ABC, Generic[Example]):
    """How one kind of example is read and changed; changes make new examples and never alter the one given."""

    known_labels: tuple[str, ...] = ()
    """The labels that there can be; empty: those that occur."""
    one_verdict: ClassVar[bool] = True
    """Whether `verdict` is about the whole example, and so can be compared between texts that differ."""

    name_field: ClassVar[str] = ""
    """Field with the unique name of an example; empty: examples have none."""

    def verdict(self, example: Example) -> Hashable:
        """Return the labels or answers of the example: repetitions with equal ones are redundant, others contradict."""
        return self.labels(example)

    @abstractmethod
    def texts(self, example: Example) -> tuple[str, ...]:
        """Return the texts that identify the example, the most distinctive one first."""

    @abstractmethod
    def lengths(self, example: Example) -> tuple[int, ...]:
        """Return the number of words of each text whose length counts."""

    @abstractmethod
    def normalize(self, example: Example, normalize: Normalize) -> Example | None:
        """Return the example with normalized texts and its labels in place; None if that cannot be done."""

    def labels(self, example: Example) -> tuple[str, ...]:
        """Return the labels of the example: one of a text, one for each word, none of a question."""
        return ()

    def with_labels(self, example: Example, labels: Sequence[str]) -> Example:
        """Return the example with other labels, as many as it has."""
        return example

    @abstractmethod
    def problem(self, example: Example) -> str:
        """Return why the task cannot use this example, empty if it can."""

    def kinds(self, example: Example) -> set[str]:
        """Return all classes that the example belongs to."""
        return set(self.labels(example))

    def classes(self, examples: Sequence[Example]) -> list[str]:
        """Return the class of each example for balancing and splitting: of several the rarest one."""
        kinds = [self.kinds(example) for example in examples]
        counts = Counter(name for names in kinds for name in names)
        return [min(names, key=lambda name: (counts[name], name)) for names in kinds]

    @abstractmethod
    def sentences(self, example: Example) -> list[list[str]]:
        """Return the words that an attack may change, a list for each sentence; a corrector too, of given words."""

    @abstractmethod
    def with_sentences(self, example: Example, sentences: Sequence[Sequence[str]]) -> Example:
        """Return the example with other words in the places of ``sentences``, as many, and the same labels."""

    def raw_texts(self, example: Example) -> tuple[str, ...]:
        """Return the texts in which a corrector finds the words itself; none where the words of an example are given.

        An invisible character inside a word divides it in ``sentences``, and not for a corrector.
        """
        return ()

    def with_raw_texts(self, example: Example, texts: Sequence[str]) -> Example:
        """Return the example with other texts in the places of ``raw_texts``, and the same labels."""
        return example

    @abstractmethod
    def words(self, example: Example, *, contexts: bool = False) -> list[Words]:
        """Return the words that augmentation may change, of one text or several.

        Args:
            contexts: those of a question's context too.
        """

    @abstractmethod
    def rewrite(self, example: Example, rewritten: Sequence[Rewritten]) -> Example | None:
        """Return the example with the texts of `words` rewritten, each label with its word; None if none is left."""

    @abstractmethod
    def describe(self, example: Example) -> dict[str, Any]:
        """Return the whole example as JSON has it."""

    def fresh_names(self, examples: Sequence[Example]) -> Callable[[Example, str], Example]:
        """Return a function that gives a copy of an example a new name, made with a suffix."""
        taken = {getattr(example, self.name_field, None) for example in examples}

        def fresh(example: Any, suffix: str) -> Any:
            name = getattr(example, self.name_field, None)
            if name is None:
                return example
            new = next(new for number in count(1) if (new := f"{name}-{suffix}{number}") not in taken)
            taken.add(new)
            return replace(example, **{self.name_field: new})

        return fresh
