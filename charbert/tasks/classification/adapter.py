"""How texts and pairs of texts with a label are read and changed."""

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from charbert.data.readers.glue import LabeledText
from charbert.preparation.adapter import ExampleAdapter, Normalize
from charbert.preparation.rewriting import Rewritten, Words, rewrite_text, text_words
from charbert.text.words import replace_words, split_words, words_of


class LabeledAdapter(ExampleAdapter[LabeledText]):
    """Texts or pairs of texts with a label.

    Args:
        known_labels: the labels that there can be; empty: those that occur.
    """

    name_field = "row_id"

    def __init__(self, known_labels: Sequence[str] = ()) -> None:
        self.known_labels = tuple(known_labels)

    def texts(self, example: LabeledText) -> tuple[str, ...]:
        """Return the text, or both."""
        return (example.first,) if example.second is None else (example.first, example.second)

    def lengths(self, example: LabeledText) -> tuple[int, ...]:
        """Return the words of each text."""
        return tuple(len(split_words(text)) for text in self.texts(example))

    def normalize(self, example: LabeledText, normalize: Normalize) -> LabeledText:
        """Normalize each text."""
        second = None if example.second is None else normalize(example.second, False)
        return replace(example, first=normalize(example.first, False), second=second)

    def labels(self, example: LabeledText) -> tuple[str, ...]:
        """Return the label."""
        return (example.label,)

    def with_labels(self, example: LabeledText, labels: Sequence[str]) -> LabeledText:
        """Return the text with another label."""
        (label,) = labels
        return replace(example, label=label)

    def problem(self, example: LabeledText) -> str:
        """Name a label or a text that the task's files cannot hold."""
        if self.known_labels and example.label not in self.known_labels:
            return f"the label {example.label!r} is none of {', '.join(self.known_labels)}"
        for text in self.texts(example):
            if not text.strip():
                return "a text is empty"
            if re.search(r"[\t\r\n]", text):
                return "a text holds a tab or a line break"
        return ""

    def sentences(self, example: LabeledText) -> list[list[str]]:
        """Return the words of the first and of the second text, none of one that is missing.

        Paper: Sec. 4.5; in the authors' QNLI set both question and sentence are attacked.
        """
        return [words_of(example.first), words_of(example.second or "")]

    def with_sentences(self, example: LabeledText, sentences: Sequence[Sequence[str]]) -> LabeledText:
        """Return the row with other words."""
        first, second = (
            replace_words(text, split_words(text), words)[0]
            for text, words in zip((example.first, example.second or ""), sentences, strict=True)
        )
        return replace(example, first=first, second=None if example.second is None else second)

    def raw_texts(self, example: LabeledText) -> tuple[str, ...]:
        """Return the text, or both."""
        return self.texts(example)

    def with_raw_texts(self, example: LabeledText, texts: Sequence[str]) -> LabeledText:
        """Return the row with another text, or with two."""
        return replace(example, first=texts[0], second=None if example.second is None else texts[1])

    def words(self, example: LabeledText, *, contexts: bool = False) -> list[Words]:
        """Return the words of each text."""
        return [text_words(text) for text in self.texts(example)]

    def rewrite(self, example: LabeledText, rewritten: Sequence[Rewritten]) -> LabeledText | None:
        """Return the row with other words."""
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
