"""What a model answers: labels, tagged spans, or answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LabelOutput:
    """The most likely label of a text or a pair of texts."""

    label: str
    probability: float
    """Of the label, in [0, 1]."""
    probabilities: dict[str, float]
    """Of every label."""
    windows: int
    """Windows that the text was cut into; of several the mean of their logits counts."""


@dataclass(frozen=True)
class TaggedSpan:
    """An entity, or with tags that are no entities a single word."""

    type: str
    """As ``PER``; the whole tag where tags are no entities."""
    start: int
    """Index of its first character in the text."""
    end: int
    """Index behind its last character."""
    text: str
    score: float
    """Mean probability of its words' tags, in [0, 1]."""


@dataclass(frozen=True)
class SpansOutput:
    """What was found in a text, from left to right."""

    spans: tuple[TaggedSpan, ...]


@dataclass(frozen=True)
class AnswerOutput:
    """The answer to a question; an empty one without place where the context has none."""

    answer: str
    start: int | None
    """Index of its first character in the context."""
    end: int | None
    """Index behind its last character."""
    score: float
    """Probability of the answer given, among the best ones (and none), in [0, 1]."""
    no_answer: bool
    """Whether the model says that the context has no answer."""


Output = LabelOutput | SpansOutput | AnswerOutput
